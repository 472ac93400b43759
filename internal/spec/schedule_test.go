package spec

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func scheduled(fields string) string { return fromImage + "template: {}\nschedule:\n" + fields }

func TestAcceptedSchedules(t *testing.T) {
	for name, document := range map[string]string{
		"cron alone":                    scheduled("  cron: ['30 2 * * *']"),
		"calendars alone":               scheduled("  calendars: [{hour: '2', minute: '30'}]"),
		"a calendar of nothing":         scheduled("  calendars: [{}]"),
		"intervals alone":               scheduled("  intervals: [{every: 6h}, {every: 1h30m, offset: 0s}]"),
		"all of them":                   scheduled("  cron: ['@daily']\n  calendars: [{hour: '2'}]\n  intervals: [{every: 6h, offset: 5h59m}]"),
		"a variable as a policy":        scheduled("  cron: ['@daily']\n  overlapPolicy: ${{ vars.p }}\nvariables: {p: AllowAll}"),
		"the zone twice":                scheduled("  cron: ['CRON_TZ=Asia/Tokyo @daily', 'TZ=Asia/Tokyo @hourly']\n  timeZone: Asia/Tokyo"),
		"the least catch-up":            scheduled("  cron: ['@daily']\n  catchupWindow: 10s\n  jitter: 0s"),
		"bounds in different zones":     scheduled("  cron: ['@daily']\n  startTime: 2026-12-24T18:00:00+08:00\n  endTime: 2026-12-24T10:00:01Z"),
		"an end alone":                  scheduled("  cron: ['@daily']\n  endTime: 2026-12-24T10:00:01.5Z"),
		"when alone":                    scheduled("  when: always"),
		"freeze windows alone":          scheduled("  timeZone: Asia/Tokyo\n  freeze: [{from: 2026-12-24, to: 2026-12-24T18:00}, {from: Fri 18:00, to: Fri 08:00}]"),
		"a pause after failures alone":  scheduled("  pauseAfterFailures: 1"),
		"an empty list of times":        scheduled("  cron: []\n  when: changed"),
		"the longest id":                scheduled("  cron: ['@daily']\n  id: " + strings.Repeat("x", maxScheduleID)),
		"an id with slashes":            scheduled("  cron: ['@daily']\n  id: team/web_base.nightly-1"),
		"an existing template":          head + "template: {id: ip-bp1}\nschedule: {cron: ['@daily']}",
		"an import alone":               importing("schedule: {cron: ['@daily']}"),
		"a name with room for the time": strings.Replace(scheduled("  cron: ['@daily']"), "name: web", "name: "+strings.Repeat("w", 47), 1),
		"a long name with a short image": strings.Replace(scheduled("  cron: ['@daily']"), "name: web", "name: "+strings.Repeat("w", 64), 1) +
			"\nimage: {name: web}",
		"a long name of an existing template's build": "name: " + strings.Repeat("w", 64) + "\nregion: cn-hangzhou\ntemplate: {id: ip-1}\nschedule: {cron: ['@daily']}",
		"a long name without times":                   strings.Replace(scheduled("  when: always"), "name: web", "name: "+strings.Repeat("w", 64), 1),
		"an imported image with room for the time":    importing("    imageName: " + strings.Repeat("w", 111) + "\nschedule: {cron: ['@daily']}"),
		"every end": fromImage + "template: {}\nnotifications: [{on: [succeeded, failed, cancelled, unchanged, skipped]," +
			" webhook: {url: 'http://localhost:8080/x?y=1#z', secretEnv: KILN_NOTIFY_2}}]",
		"a robot": fromImage + "template: {}\nnotifications: [{dingTalk: {tokenEnv: KILN_NOTIFY_SECRET_TOKEN, secretEnv: '', url: ''}}]",
		"nobody":  fromImage + "template: {}\nnotifications: []",
		"20 times": fromImage + "template: {}\nnotifications:\n" +
			strings.Repeat("- {webhook: {url: 'https://example.com'}}\n", 20),
	} {
		t.Run(name, func(t *testing.T) {
			requireRoundTrip(t, read(t, document, Options{}))
		})
	}
}

func TestScheduleDefaults(t *testing.T) {
	build := read(t, scheduled("  cron: ['@daily']"), Options{})
	require.True(t, build.Schedule.HasTimes())
	require.Equal(t, &Schedule{ID: "web", Cron: []string{"@daily"}, TimeZone: "UTC", OverlapPolicy: "Skip", When: Changed}, build.Schedule)
	require.Equal(t, "Asia/Tokyo", read(t, scheduled("  cron: ['TZ=Asia/Tokyo @daily']"), Options{}).Schedule.TimeZone)

	given := read(t, scheduled("  intervals: [{every: 24h, offset: 3h}]\n  id: other\n  timeZone: Asia/Tokyo\n  overlapPolicy: AllowAll\n  when: always"), Options{})
	require.Equal(t, &Schedule{
		ID: "other", Intervals: []Interval{{Every: Duration(24 * time.Hour), Offset: Duration(3 * time.Hour)}},
		TimeZone: "Asia/Tokyo", OverlapPolicy: "AllowAll", When: Always,
	}, given.Schedule)

	without := read(t, scheduled("  pauseAfterFailures: 2"), Options{}).Schedule
	require.False(t, without.HasTimes())
	require.Equal(t, &Schedule{TimeZone: "UTC", PauseAfterFailures: 2, When: Changed}, without)
	require.Nil(t, read(t, fromImage+"template: {}", Options{}).Schedule)
}

// Who is told, and when, says nothing of the image.
func TestFingerprintIgnoresSchedulesAndNotifications(t *testing.T) {
	plain := fingerprint(t, fromImage+"template: {}")
	require.Equal(t, plain, fingerprint(t, scheduled("  cron: ['@daily']\n  freeze: [{from: 2026-12-24, to: 2026-12-26}]")))
	require.Equal(t, plain, fingerprint(t, scheduled("  when: always")))
	require.Equal(t, plain, fingerprint(t, fromImage+"template: {}\nnotifications: [{webhook: {url: 'https://example.com'}}]"))
}

// Excerpts are for the one who wrote the document; messages go into logs and histories.
func TestMessagesDoNotRepeatSecrets(t *testing.T) {
	faults := faultsOf(t, fromImage+`template: {}
notifications:
- webhook: {url: "https://kiln:hunter2@example.com", secretEnv: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}
- webhook: {url: "https://hunter2@exa mple.com"}
- dingTalk: {tokenEnv: hunter2, secretEnv: SEC0123456789abcdef0123456789abcdef, url: "https://example.com/?a=b&access_token=hunter2"}
- dingTalk: {tokenEnv: KILN_NOTIFY_SEC0123456789ABCDEF0123456789ABCDEF}
`, Options{})
	require.Len(t, faults, 7)
	for _, secret := range []string{"hunter2", "MfKQ9r8", "0123456789"} {
		require.NotContains(t, faults.Error(), secret)
	}
}
