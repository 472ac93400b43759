package box

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Places say where everything listens. What does not run is empty.
type Places struct {
	TemporalAddress string `json:"temporalAddress"`
	UIURL           string `json:"uiUrl"`
	CloudURL        string `json:"cloudUrl"`
	OSSDir          string `json:"ossDir"`
	AccessKeyID     string `json:"accessKeyId"`     // of the emulated cloud only
	AccessKeySecret string `json:"accessKeySecret"` // of the emulated cloud only
}

// Places are where this box listens.
func (b *Box) Places() Places {
	p := Places{TemporalAddress: b.engine.Address(), CloudURL: b.cloudURL()}
	if b.ui != nil {
		p.UIURL = b.ui.URL()
	}
	if b.cloud != nil {
		p.OSSDir = b.cloud.OSSDir()
		p.AccessKeyID, p.AccessKeySecret = b.cloud.Keys()
	}
	return p
}

// Print writes the places for people, aligned.
func (p Places) Print(w io.Writer) error {
	keys := ""
	if p.AccessKeyID != "" {
		keys = p.AccessKeyID + " / " + p.AccessKeySecret
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range [][2]string{
		{"Temporal", p.TemporalAddress},
		{"Web UI", p.UIURL},
		{"Cloud", p.CloudURL},
		{"OSS files", p.OSSDir},
		{"Keys", keys},
	} {
		if row[1] != "" {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1]) // kept until Flush
		}
	}
	return table.Flush()
}
