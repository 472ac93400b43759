package testsuite

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// documented are requests as clients sent them, byte for byte, with signatures that were
// calculated by others: under testdata/signatures.
var documented = []struct {
	name string
	at   time.Time
	key  string
	sts  bool
	// unsigned are the headers that the signature leaves out.
	unsigned string
	// status and code are what the cloud answers once it knows who asks.
	status int
	code   string
}{
	{name: "importimage-v3", at: probed, key: "testAK", unsigned: acs3Unsigned, status: 400, code: "InvalidImageName.Malformed"},
	{name: "importimage-v3-sts", at: probed, key: "testAK", sts: true, unsigned: acs3Unsigned, status: 200},
	{name: "importimage-rpc1-sts", at: probed, key: "testAK", sts: true, unsigned: rpcUnsigned, status: 200},
	{name: "createimage-roa1", at: probed, key: "testAK", unsigned: roaUnsigned, status: 400, code: "InvalidEcsImageId"},
	{name: "createimage-v3", at: probed, key: "testAK", unsigned: acs3Unsigned, status: 400, code: "InvalidEcsImageId"},
	{name: "deleteimage-roa1", at: probed, key: "testAK", unsigned: roaUnsigned, status: 404, code: "InvalidResource.NotFound"},
	{name: "listimages-roa1", at: probed, key: "testAK", unsigned: roaUnsigned, status: 200},
	{name: "listimages-roa1-cli", at: probed, key: "testAK", unsigned: roaUnsigned, status: 200},
	{name: "describeregions-rpc1", at: time.Date(2016, 2, 23, 12, 46, 24, 0, time.UTC), key: "testid", unsigned: rpcUnsigned, status: 200},
}

// probed is when testAK signed.
var probed = time.Date(2026, 11, 21, 19, 5, 31, 0, time.UTC)

const (
	acs3Unsigned = "Accept Accept-Encoding Content-Length User-Agent"
	roaUnsigned  = "Host Accept-Encoding Content-Length User-Agent X-Sdk-Client X-Sdk-Core-Version X-Sdk-Invoke-Type body"
	rpcUnsigned  = "Host Accept-Encoding Content-Length User-Agent X-Acs-Action X-Acs-Credentials-Provider X-Acs-Version"
)

var secrets = map[string]string{"testAK": "testSecret", "testid": "testsecret"}

// asSigned is the cloud at the time of a request, with its key pair. Sessions are no
// part of the emulated cloud, so for those its verifier answers alone.
func asSigned(t *testing.T, at time.Time, key string, sts bool) string {
	now := func() time.Time { return at }
	if sts {
		return verifying(t, &signature.Verifier{
			Secret: func(id string) (string, bool) { secret, known := secrets[id]; return secret, known },
			Token:  func(string) (signature.Token, bool) { return signature.Token{Value: "STS.token"}, true },
			Now:    now, Nonces: &signature.NoncesMemory{},
		})
	}
	return emulate(t, func(o *emulator.Options) { o.AccessKeyID, o.AccessKeySecret, o.Now = key, secrets[key], now }).host()
}

// verifying serves a verifier: 200, or its refusal.
func verifying(t *testing.T, v *signature.Verifier) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer := map[string]string{"RequestId": "8906582E-6722-409A-A6C4-0E7863B733A5"}
		w.Header().Set("Content-Type", "application/json")
		var refusal *signature.Refusal
		if _, err := v.Verify(r, body); errors.As(err, &refusal) {
			answer["Code"], answer["Message"] = refusal.Code, refusal.Message
			w.WriteHeader(refusal.Status)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// wire reads a documented request as its bytes.
func wire(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/signatures/" + name + ".http")
	require.NoError(t, err)
	head, body, found := strings.Cut(string(text), "\n\n")
	require.True(t, found)
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

// exchangeBytes sends a request as it is and reads the answer.
func exchangeBytes(t *testing.T, host, request string) refused {
	t.Helper()
	connection, err := net.Dial("tcp", host)
	require.NoError(t, err)
	defer connection.Close()
	_, err = io.WriteString(connection, request)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	got := refused{Status: response.StatusCode}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&got), request)
	return got
}

func TestContractDocumentedSignatures(t *testing.T) {
	files, err := os.ReadDir("testdata/signatures")
	require.NoError(t, err)
	require.Len(t, documented, len(files), "every example has its row")
	for _, example := range documented {
		t.Run(example.name, func(t *testing.T) {
			host := asSigned(t, example.at, example.key, example.sts)
			request := wire(t, example.name)
			got := exchangeBytes(t, host, request)
			require.Equal(t, example.status, got.Status, got.Message)
			require.Equal(t, example.code, got.Code, got.Message)

			again := exchangeBytes(t, host, request)
			if strings.Contains(strings.ToLower(request), "nonce") {
				requireRow(t, again, 400, "SignatureNonceUsed", "Specified signature nonce was used already.")
			} else {
				require.Equal(t, example.status, again.Status, "there is no nonce to be used twice")
			}
		})
	}
}

func requireRow(t *testing.T, got refused, status int, code, message string) {
	t.Helper()
	require.Equal(t, refused{Status: status, Code: code, Message: message}, refused{Status: got.Status, Code: got.Code, Message: got.Message})
}

func TestContractDocumentedSignaturesExpire(t *testing.T) {
	for _, example := range documented {
		t.Run(example.name, func(t *testing.T) {
			for _, off := range []time.Duration{-16 * time.Minute, 22 * time.Minute} {
				got := exchangeBytes(t, asSigned(t, example.at.Add(off), example.key, example.sts), wire(t, example.name))
				requireRow(t, got, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
			}
		})
	}
}

// signingFaults are the codes that a request with another character can have, if what was
// changed is signed.
var signingFaults = []string{"SignatureDoesNotMatch", "IncompleteSignature", "InvalidAccessKeyId.NotFound", "InvalidParamater",
	"InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "InvalidSecurityToken.MismatchWithAccessKey"}

func TestContractDocumentedSignaturesWithOneCharacterChanged(t *testing.T) {
	for _, example := range documented {
		t.Run(example.name, func(t *testing.T) {
			host := asSigned(t, example.at, example.key, example.sts)
			request := wire(t, example.name)
			changes := changedCharacters(request, strings.Fields(example.unsigned))
			require.Greater(t, len(changes), 50)
			for _, changed := range changes {
				got := exchangeBytes(t, host, changed.request)
				require.Contains(t, signingFaults, got.Code, "%d %s: %s", got.Status, got.Message, changed.request)
				if changed.signature {
					require.Equal(t, "SignatureDoesNotMatch", got.Code, changed.request)
					require.Equal(t, 400, got.Status)
				}
			}
		})
	}
}

// changedCharacter is a request with one letter or digit changed.
type changedCharacter struct {
	request   string
	signature bool // in the signature itself
}

// The places of a request that can be signed, each in a group of its own.
var (
	wirePath      = regexp.MustCompile(`^[A-Z]+ ([^? ]+)`)
	wireParameter = regexp.MustCompile(`[?&][^=&]+=([^& ]*)`)
	wireHeader    = regexp.MustCompile(`\n([A-Za-z0-9-]+): ([^\r]*)`)
	wireBody      = regexp.MustCompile(`\r\n\r\n((?s:.*))$`)
	wireSignature = regexp.MustCompile(`(?:[,&]Signature=|acs [^:]+:)([^& \r]+)`)
)

// changedCharacters changes every letter and digit of the path, of the values of the query
// and of the headers, and of the body, but for what is not signed.
func changedCharacters(request string, unsigned []string) []changedCharacter {
	var all []changedCharacter
	signed := wireSignature.FindStringSubmatchIndex(request)
	change := func(from, to int) {
		for i := from; i < to; i++ {
			if other := anotherCharacter(request[i]); other != request[i] {
				all = append(all, changedCharacter{request[:i] + string(other) + request[i+1:], signed[2] <= i && i < signed[3]})
			}
		}
	}
	for _, place := range []*regexp.Regexp{wirePath, wireParameter} {
		line, _, _ := strings.Cut(request, "\r\n")
		for _, at := range place.FindAllStringSubmatchIndex(line, -1) {
			change(at[2], at[3])
		}
	}
	for _, at := range wireHeader.FindAllStringSubmatchIndex(request, -1) {
		if !slices.Contains(unsigned, request[at[2]:at[3]]) {
			change(at[4], at[5])
		}
	}
	if at := wireBody.FindStringSubmatchIndex(request); !slices.Contains(unsigned, "body") {
		change(at[2], at[3])
	}
	return all
}

// anotherCharacter is the next letter or digit of its kind. What may be a digit of a
// percent-encoded byte stays one.
func anotherCharacter(c byte) byte {
	switch {
	case c == '9':
		return '0'
	case c == 'F' || c == 'Z':
		return 'A'
	case c == 'f' || c == 'z':
		return 'a'
	case '0' <= c && c <= '8', 'A' <= c && c < 'Z', 'a' <= c && c < 'z':
		return c + 1
	}
	return c
}
