package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// flatten merges query and form into one set of dotted parameters. A structure may also
// come as one JSON string, as the command line tool sends it.
func flatten(sources ...url.Values) (map[string]string, error) {
	flat := map[string]string{}
	for _, source := range sources {
		for name, values := range source {
			if _, taken := flat[name]; taken || len(values) == 0 {
				continue
			}
			if !structures[name] || !looksLikeJSON(values[0]) {
				flat[name] = values[0]
				continue
			}
			if err := expand(flat, name, values[0]); err != nil {
				return nil, err
			}
		}
	}
	return flat, nil
}

// structures are the parameters that have members.
var structures = map[string]bool{
	"Features": true, "ImageOptions": true, "AdvancedOptions": true, "ImportImageOptions": true,
	"DiskDeviceMapping": true, "Tag": true, "TemplateTag": true, "Filter": true,
	"ToRegionId": true, "AddAccount": true, "ResourceIds": true,
	"ImageComponentId": true, "ImagePipelineId": true, "DockerRepositoryCredential": true,
}

func looksLikeJSON(value string) bool {
	return strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[")
}

func expand(flat map[string]string, name, value string) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(value)))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil || decoder.More() {
		return invalid("", name)
	}
	spread(flat, name, decoded)
	return nil
}

func spread(flat map[string]string, name string, value any) {
	switch value := value.(type) {
	case nil:
	case map[string]any:
		for member, v := range value {
			spread(flat, name+"."+member, v)
		}
	case []any:
		for i, v := range value {
			spread(flat, name+"."+strconv.Itoa(i+1), v)
		}
	default:
		flat[name] = fmt.Sprint(value)
	}
}
