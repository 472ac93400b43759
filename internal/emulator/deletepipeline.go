package emulator

// deleteImagePipeline deletes a template that does not run, and its executions with it.
// A044: their images stay. (ECS API reference, DeleteImagePipeline.)
func (c *call) deleteImagePipeline() (reply, error) {
	id := c.required("ImagePipelineId")
	if err := c.fault(); err != nil {
		return nil, err
	}
	p, err := c.thePipeline(id)
	if err != nil {
		return nil, err
	}
	ended, err := c.endedRuns(p)
	if err != nil {
		return nil, err
	}
	for _, e := range ended {
		c.tx.remove(e)
	}
	c.tx.remove(p)
	return reply{}, nil
}
