package notify

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed1230462e/kiln/internal/spec"
)

// robotURL is the API of custom robots.
const robotURL = "https://oapi.dingtalk.com/robot/send"

// dingTalk posts a message to a custom robot. (DingTalk open platform, Custom robot.)
func (s *Sender) dingTalk(ctx context.Context, to spec.DingTalk, e Event) error {
	u, err := address(cmp.Or(to.URL, robotURL))
	if err != nil {
		return err
	}
	token, err := s.secret(to.TokenEnv)
	if err != nil {
		return err
	}
	var secret Secret
	if to.SecretEnv != "" {
		if secret, err = s.secret(to.SecretEnv); err != nil {
			return err
		}
	}
	body, err := json.Marshal(robotMessage(e))
	if err != nil {
		return refuse("encode the message: %v", err)
	}
	s.authorize(u, token, secret)
	said, err := s.post(ctx, u, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body)
	if err != nil {
		return err
	}
	return robotAnswer(said, token, secret)
}

// authorize puts the token into the URL, and the signature when there is a secret: over
// the milliseconds, a line feed and the secret, by the secret.
func (s *Sender) authorize(u *url.URL, token, secret Secret) {
	query := u.Query()
	query.Set("access_token", string(token))
	if secret != "" {
		timestamp := strconv.FormatInt(s.now().UnixMilli(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = fmt.Fprintf(mac, "%s\n%s", timestamp, string(secret))
		query.Set("timestamp", timestamp)
		query.Set("sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	u.RawQuery = query.Encode()
}

// busy are the codes of a robot that may take the message later, and how long to leave it
// alone. One that got more than 20 messages within a minute takes none for a while.
var busy = map[int64]time.Duration{
	-1:     0, // the system is busy
	130101: time.Minute,
	410100: time.Minute,
}

// robotAnswer reads an answer with the status 200, which may be a refusal.
func robotAnswer(said answer, secrets ...Secret) error {
	var is struct {
		Code    *int64 `json:"errcode"`
		Message string `json:"errmsg"`
	}
	err := json.Unmarshal(said.body, &is)
	switch {
	case err == nil && is.Code != nil && *is.Code == 0:
		return nil
	case (err != nil || is.Code == nil) && said.broken:
		return &Error{Status: http.StatusOK, Reason: "answered 200, and the answer broke off"}
	case err != nil || is.Code == nil:
		// Not tried again: whatever this is may have taken the message.
		return &Error{Status: http.StatusOK, Final: true, Reason: "answered 200, but not as a DingTalk robot does: correct the url"}
	}
	after, later := busy[*is.Code]
	return &Error{Status: http.StatusOK, Final: !later, After: after,
		Reason: fmt.Sprintf("answered errcode %d: %s", *is.Code, quoted(is.Message, secrets...))}
}
