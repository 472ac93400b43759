package spec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCronExpressionsThatTemporalTakes(t *testing.T) {
	for _, expression := range []string{
		"30 2 * * *", "  30   2 * * *  ", "*/15 8-17/2 1,15 jan-MAR mon-Friday", "0 0 1 1 sun", "0 3 * * 0-7", "0 3 * * 2-7", "0 3 * * 5-7/2", "0 3 * * 7",
		"55 55,57 5 2/2 * wed-thurs *", "0 3 * * * 2027-2030/2", "0 30 2 * * * 2000,2100", "05 03 01 01 00",
		"30 2 * * *  # while nobody works", "30 2 * * *#x # y", "@daily", "@midnight # all", "@yearly", "@annually", "@monthly", "@weekly", "@hourly",
		"@every 6h", "@every 1d", "@every 1.5d12h", "@every 1s", "@every 14h/3h", "@every 14h/", "@every 1d/90m",
		"CRON_TZ=Asia/Shanghai 30 2 * * *", "TZ=UTC   @daily", "CRON_TZ=America/Argentina/Buenos_Aires 0 0 * * *", "TZ=Etc/GMT-8 0 0 * * *",
	} {
		require.Empty(t, cronExpression(expression), expression)
	}
}

func TestCronExpressionsThatAreNone(t *testing.T) {
	for _, expression := range []string{
		"", "x", "# comment alone", "* * * *", "0 * * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * ja *",
		"* * * * 8", "* * * * m", "* * * * 1-7", "* * * * mon-7", "* * * * 1/1", "60 * * * * * *", "* * * * * 2101",
		"-1 * * * *", "1- * * * *", "1-2-3 * * * *", "1/ * * * *", "1/2/3 * * * *", "*/x * * * *", "*/0 * * * *", "*/-1 * * * *", "1, * * * *", "5-1 * * * *",
		"1.5 * * * *", "0 3 L * *", "0 3 15W * *", "0 3 * * 5L", "0 3 ? * *", "*/99999999999 * * * *",
		"@reboot", "@Daily", "@every", "@every 6", "@every -6h", "@every 6h/-1h", "@every 6h/7h", "@every  6h", "@every 0s", "@every 999ms",
		"CRON_TZ=UTC", "CRON_TZ=UTC@daily", "CRON_TZ=Local @daily", "CRON_TZ=../etc/passwd @daily", "TZ= @daily", "TZ=UTC @every 6h", "tz=UTC @daily",
	} {
		require.NotEmpty(t, cronExpression(expression), expression)
	}
}

func TestRangesOfACalendar(t *testing.T) {
	require.Equal(t, CalendarRanges{
		Second: []Range{{0, 0, 1}}, Minute: []Range{{0, 0, 1}}, Hour: []Range{{0, 0, 1}},
		DayOfMonth: []Range{{1, 31, 1}}, Month: []Range{{1, 12, 1}}, DayOfWeek: []Range{{0, 6, 1}},
	}, Calendar{}.Ranges(), "midnight of every day")
	require.Equal(t, CalendarRanges{
		Second: []Range{{30, 30, 1}}, Minute: []Range{{0, 59, 15}}, Hour: []Range{{8, 17, 2}, {20, 20, 1}},
		DayOfMonth: []Range{{5, 31, 10}}, Month: []Range{{1, 3, 1}, {12, 12, 1}}, DayOfWeek: []Range{{1, 5, 1}}, Year: []Range{{2027, 2030, 1}},
	}, Calendar{
		Second: "30", Minute: "*/15", Hour: "8-17/2,20", DayOfMonth: "5/10", Month: "jan-mar,December", DayOfWeek: "mon-fri", Year: "2027-2030",
	}.Ranges())
	require.Empty(t, Calendar{Year: "*"}.Ranges().Year)
	for text, want := range map[string][]Range{
		"7": {{0, 0, 1}}, "0": {{0, 0, 1}}, "0-7": {{0, 6, 1}}, "5-7": {{0, 0, 1}, {5, 6, 1}}, "5-7/2": {{0, 0, 1}, {5, 6, 2}},
		"3-7/3": {{3, 6, 3}}, "2/4": {{2, 6, 4}}, "sat,sun": {{6, 6, 1}, {0, 0, 1}}, "tu-th": {{2, 4, 1}},
	} {
		require.Equal(t, want, Calendar{DayOfWeek: text}.Ranges().DayOfWeek, text)
	}
}
