package activities

// Heartbeat is what a waiting activity last saw: the details of its heartbeat, which
// `kiln watch` reads from the pending activity.
type Heartbeat struct {
	Percent int    `json:"percent"` // 0 when the cloud does not say
	Detail  string `json:"detail"`  // such as "task t-1 Processing"
}
