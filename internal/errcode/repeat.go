package errcode

import "fmt"

// repeat is what is known of a code of class Retry that does not always clear.
type repeat struct {
	tries  int  // so many refusals in a row are final
	unread bool // the request was turned away before it was read
}

// repeats are by code, of which the documents know one meaning each. A request is signed
// anew for each try, with credentials that are fetched anew when the cloud dislikes them: a
// second refusal means a clock that is wrong or a token that is fixed.
var repeats = map[string]repeat{
	"UnknownError":                               {tries: 5},
	"InvalidTimeStamp.Expired":                   {tries: 2, unread: true},
	"InvalidSecurityToken.Expired":               {tries: 2, unread: true},
	"InvalidSecurityToken.MismatchWithAccessKey": {tries: 2, unread: true},
}

// WornOut tells whether so many refusals in a row with the code are enough.
func (e Entry) WornOut(times int) bool { return e.Tries > 0 && times >= e.Tries }

// Does says in a sentence what Kiln does about the code.
func (e Entry) Does() string {
	if e.Tries == 0 {
		return e.Class.Does()
	}
	return fmt.Sprintf("Tries again with the same token after growing pauses; %d such answers in a row end the build.", e.Tries)
}
