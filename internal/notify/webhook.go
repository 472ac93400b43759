package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/seed1230462e/kiln/internal/spec"
)

// webhook posts an event as a CloudEvent in structured mode. (CloudEvents 1.0.2, HTTP
// Protocol Binding.)
func (s *Sender) webhook(ctx context.Context, to spec.Webhook, e Event) error {
	u, err := address(to.URL)
	if err != nil {
		return err
	}
	body, err := cloudEvent(e)
	if err != nil {
		return err
	}
	header, err := s.webhookHeader(to, e.ID, body)
	if err != nil {
		return err
	}
	_, err = s.post(ctx, u, header, body)
	return err
}

// cloudEvent is the body: the same bytes on every attempt.
func cloudEvent(e Event) ([]byte, error) {
	is := event.New(event.CloudEventsVersionV1)
	is.SetID(e.ID)
	is.SetSource("/kiln/" + url.PathEscape(e.Namespace) + "/" + url.PathEscape(e.Ending.BuildID))
	is.SetType(e.Kind.Type())
	is.SetSubject(e.Ending.BuildID)
	is.SetTime(e.Ending.at())
	if err := is.SetData(event.ApplicationJSON, e.Ending); err != nil {
		return nil, refuse("encode the event: %v", err)
	}
	body, err := json.Marshal(is)
	if err != nil {
		return nil, refuse("encode the event: %v", err)
	}
	return body, nil
}

// webhookHeader says what comes, and of whom when the document names a secret. (Standard
// Webhooks 1.0.0, Webhook headers.)
func (s *Sender) webhookHeader(to spec.Webhook, id string, body []byte) (http.Header, error) {
	timestamp := strconv.FormatInt(s.now().Unix(), 10)
	header := http.Header{}
	header.Set("Content-Type", event.ApplicationCloudEventsJSON)
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", timestamp)
	if to.SecretEnv == "" {
		return header, nil
	}
	secret, err := s.secret(to.SecretEnv)
	if err != nil {
		return nil, err
	}
	key, err := signingKey(secret)
	if err != nil {
		return nil, refuse("%s %v", to.SecretEnv, err)
	}
	header.Set("webhook-signature", signature(key, id, timestamp, body))
	return header, nil
}

func signature(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
