package signature

import (
	"net/http"
	"strings"
)

// Refusal is why a request was not accepted, in the words of the cloud.
type Refusal struct {
	Status  int // HTTP
	Code    string
	Message string
	// StringToSign is the cloud's own calculation, of a signature that does not match. A
	// security token in it is masked.
	StringToSign string
}

// Error is the code and the message.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

func (r Refusal) refuse() *Refusal { return &r }

// because appends a sentence of our own to the documented message.
func (r Refusal) because(reason string) *Refusal {
	r.Message += " (" + reason + ")"
	return &r
}

// missing is the gateway's answer to a request without a parameter that signing needs.
func missing(name string) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Code: "MissingParameter",
		Message: `The input parameter "` + name + `" that is mandatory for processing this request is not supplied.`,
	}
}

// wording is one front end's codes and messages.
type wording struct {
	malformed, badTime, expired, unknownKey, mismatch, replayed Refusal
	noToken, badToken, wrongToken, oldToken                     Refusal
	// echoes is whether the message of a mismatch ends with the string to sign.
	echoes bool
}

// gateway is the front end of ECS and Batch Compute.
var gateway = &wording{
	malformed:  Refusal{Status: 400, Code: "IncompleteSignature", Message: "The request signature does not conform to Aliyun standards."},
	badTime:    Refusal{Status: 400, Code: "InvalidTimeStamp.Format", Message: "Specified time stamp or date value is not well formatted."},
	expired:    Refusal{Status: 400, Code: "InvalidTimeStamp.Expired", Message: "Specified time stamp or date value is expired."},
	unknownKey: Refusal{Status: 404, Code: "InvalidAccessKeyId.NotFound", Message: "Specified access key is not found."},
	mismatch:   Refusal{Status: 400, Code: "SignatureDoesNotMatch", Message: "Specified signature is not matched with our calculation."},
	replayed:   Refusal{Status: 400, Code: "SignatureNonceUsed", Message: "Specified signature nonce was used already."},
	noToken:    Refusal{Status: 400, Code: "MissingSecurityToken", Message: "SecurityToken is mandatory for this action."},
	badToken:   Refusal{Status: 400, Code: "InvalidSecurityToken.Malformed", Message: "Specified SecurityToken is malformed."},
	wrongToken: Refusal{Status: 400, Code: "InvalidSecurityToken.MismatchWithAccessKey", Message: "Specified SecurityToken mismatch with the AccessKey."},
	oldToken:   Refusal{Status: 400, Code: "InvalidSecurityToken.Expired", Message: "Specified SecurityToken is expired."},
	echoes:     true,
}

// oss is the front end of OSS.
var oss = &wording{
	malformed:  Refusal{Status: 400, Code: "InvalidArgument", Message: "Authorization header is invalid."},
	badTime:    Refusal{Status: 403, Code: "AccessDenied", Message: "OSS authentication requires a valid Date."},
	expired:    Refusal{Status: 403, Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the current time is too large."},
	unknownKey: Refusal{Status: 403, Code: "InvalidAccessKeyId", Message: "The OSS Access Key Id you provided does not exist in our records."},
	mismatch:   Refusal{Status: 403, Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
	noToken:    Refusal{Status: 403, Code: "InvalidAccessKeyId", Message: "The OSS Access Key Id you provided is temporary: a security token has to come with it."},
	badToken:   Refusal{Status: 400, Code: "InvalidSecurityToken", Message: "The security token you provided is invalid."},
	wrongToken: Refusal{Status: 403, Code: "InvalidSecurityToken", Message: "The security token you provided is invalid."},
	oldToken:   Refusal{Status: 403, Code: "SecurityTokenExpired", Message: "The security token you provided has expired."},
}

func (c *claim) mismatch() *Refusal {
	refused := c.words.mismatch
	refused.StringToSign = c.mask(c.toSign)
	if c.words.echoes {
		refused.Message += " server string to sign is:" + refused.StringToSign + c.mask(c.explain)
	}
	return &refused
}

// mask hides the security token in text that leaves the cloud, plain or encoded: the
// string to sign of RPC V1 holds it encoded twice.
func (c *claim) mask(text string) string {
	if c.SecurityToken == "" {
		return text
	}
	once := escape(c.SecurityToken)
	return strings.NewReplacer(escape(once), "***", once, "***", c.SecurityToken, "***").Replace(text)
}
