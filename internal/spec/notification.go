package spec

// Notification tells somebody how a build ended: by exactly one of webhook and dingTalk.
type Notification struct {
	// On which ends; left out: all of them.
	On []string `json:"on,omitempty" jsonschema:"enum=succeeded,enum=failed,enum=cancelled,enum=unchanged,enum=skipped"`
	// Webhook gets a CloudEvent over HTTP.
	Webhook *Webhook `json:"webhook,omitempty"`
	// DingTalk is a robot of a DingTalk group.
	DingTalk *DingTalk `json:"dingTalk,omitempty"`
}

// Webhook takes CloudEvents 1.0 as structured JSON, signed after the Standard Webhooks specification.
type Webhook struct {
	// URL to post to.
	URL string `json:"url"`
	// SecretEnv is the worker's environment variable, KILN_NOTIFY_…, that holds the signing secret (whsec_…).
	SecretEnv string `json:"secretEnv,omitempty"`
}

// DingTalk is a custom robot. Its secrets are in the worker's environment, never in the document.
type DingTalk struct {
	// TokenEnv is the worker's environment variable, KILN_NOTIFY_…, that holds the robot's access token.
	TokenEnv string `json:"tokenEnv"`
	// SecretEnv is the one that holds the robot's signing secret, SEC…; left out, messages are not signed.
	SecretEnv string `json:"secretEnv,omitempty"`
	// URL of the robot's API; default https://oapi.dingtalk.com/robot/send.
	URL string `json:"url,omitempty"`
}
