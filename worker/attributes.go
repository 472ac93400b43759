package worker

import (
	"context"
	"fmt"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// registerAttributes adds the search attributes of a build that the namespace lacks:
// without them its workflow would stand still. It returns a *cli.Error where an
// administrator has to add them.
func registerAttributes(ctx context.Context, op operatorservice.OperatorServiceClient, namespace string, logger *zap.Logger) error {
	listed, err := op.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if denied(err) {
		logger.Warn("Search attributes not checked", zap.String("reason", reason(err)))
		return nil
	}
	if err != nil {
		return err
	}
	missing, err := missingAttributes(listed.GetCustomAttributes())
	if err != nil || len(missing) == 0 {
		return err
	}
	return addAttributes(ctx, op, namespace, missing)
}

// missingAttributes are the names that a namespace does not have yet. A name that it has
// with another type is an error.
func missingAttributes(have map[string]enums.IndexedValueType) ([]string, error) {
	var missing []string
	for _, name := range workflows.SearchAttributes() {
		switch kind, ok := have[name]; {
		case !ok:
			missing = append(missing, name)
		case kind != enums.INDEXED_VALUE_TYPE_KEYWORD:
			return nil, cli.Fail(cli.ExitConnection, fmt.Errorf("the search attribute %s has the type %s in this namespace, "+
				"and Kiln needs a Keyword: remove it with `temporal operator search-attribute remove --name %s`, or use another namespace",
				name, kind, name))
		}
	}
	return missing, nil
}

func addAttributes(ctx context.Context, op operatorservice.OperatorServiceClient, namespace string, names []string) error {
	types := make(map[string]enums.IndexedValueType, len(names))
	for _, name := range names {
		types[name] = enums.INDEXED_VALUE_TYPE_KEYWORD
	}
	_, err := op.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: types})
	switch {
	case cli.Code(err) == codes.AlreadyExists: // another worker was quicker
		return nil
	case denied(err):
		return cli.Fail(cli.ExitConnection, fmt.Errorf("the namespace %q lacks search attributes that builds need, and Temporal "+
			"refused to add them (%s): let an administrator run `%s`, then start the worker again",
			namespace, reason(err), createCommand(namespace, names)))
	default:
		return err
	}
}

// denied tells whether Temporal will say no however often it is asked.
func denied(err error) bool {
	switch cli.Code(err) {
	case codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.InvalidArgument, codes.FailedPrecondition:
		return true
	default:
		return false
	}
}

// createCommand is what an administrator types to add search attributes.
func createCommand(namespace string, names []string) string {
	var b strings.Builder
	b.WriteString("temporal operator search-attribute create --namespace " + namespace)
	for _, name := range names {
		b.WriteString(" --name " + name + " --type Keyword")
	}
	return b.String()
}
