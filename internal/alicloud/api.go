package alicloud

import (
	"context"
	"net"
	"time"
)

// MinuteLayout is how ECS writes a time without seconds, in UTC.
const MinuteLayout = "2006-01-02T15:04Z"

// Tags of a resource. They are sent in the order of their keys, so that a repeated
// request is the same byte for byte.
type Tags map[string]string

// ImportImageRequest asks for a custom image made from disk files in OSS.
type ImportImageRequest struct {
	Region             string
	ClientToken        string
	ImageName          string
	Description        string
	Architecture       string
	OSType             string
	Platform           string
	BootMode           string
	LicenseType        string
	RoleName           string
	DetectionStrategy  string
	StorageLocationARN string
	ResourceGroupID    string
	NVMeSupport        string
	IMDSSupport        string
	Disks              []Disk // 1 to 17, the first is the system disk
	Tags               Tags
}

// Disk is a disk file in OSS. SizeGiB 0 leaves the size to the service.
type Disk struct {
	Bucket  string
	Object  string
	Format  string
	SizeGiB int32
}

// ImportImageResponse names the image to be and the task that makes it.
type ImportImageResponse struct {
	ImageID   string
	TaskID    string
	RequestID string
}

// Task is an ECS task (DescribeTaskAttribute). Status is the service's own word.
type Task struct {
	ID           string
	Status       string
	Percent      int    // 0 to 100, from TaskProcess
	ErrorCode    string // of the first failed operation
	ErrorMessage string
	CreatedAt    string
}

// Image is an ECS image (DescribeImages). Status is the service's own word.
type Image struct {
	ID          string
	Name        string
	Family      string
	Description string
	Status      string
	Percent     int   // 0 to 100, from Progress
	Usable      *bool // nil when the answer does not say
	CreatedAt   string
	Tags        Tags
}

// ImageQuery selects images: by ID, by exact Name, by family, or by tags. Every status counts.
type ImageQuery struct {
	Region  string
	ID      string
	Name    string
	Family  string
	Tags    Tags
	TagKeys []string // tags that have to be there, with whatever value
	// Statuses that an image may have; every one by default.
	Statuses []string
	// Since is when, to the minute, the images were made at the earliest.
	Since time.Time
}

// CreateComponentRequest asks for an image component (CreateImageComponent).
type CreateComponentRequest struct {
	Region          string
	ClientToken     string
	Name            string
	Version         string
	Type            string
	SystemType      string
	Description     string
	Content         string
	ResourceGroupID string
	Tags            Tags
}

// Component is an image component (DescribeImageComponents). Its JSON goes into the
// fingerprints of builds: another field, or one fewer, would make every stored one of a
// build that names a component differ.
type Component struct {
	ID         string
	Name       string
	Version    string
	Type       string
	SystemType string
	Content    string
	CreatedAt  string
	Tags       Tags
}

// ComponentQuery selects the caller's own components that fit all that it has: exact
// name, exact version (which needs the name), one of the ids, tags.
type ComponentQuery struct {
	Region  string
	IDs     []string
	Name    string
	Version string
	Tags    Tags
	TagKeys []string // tags that have to be there, with whatever value
}

// CreatePipelineRequest asks for an image template (CreateImagePipeline). Nil pointers,
// zero numbers and empty strings are not sent, so that the service's defaults hold.
type CreatePipelineRequest struct {
	Region                  string
	ClientToken             string
	Name                    string
	Description             string
	BaseImageType           string // IMAGE or IMAGE_FAMILY
	BaseImage               string
	BuildContent            string
	TestContent             string
	InstanceType            string
	VSwitchID               string
	SystemDiskSizeGiB       int32
	InternetMaxBandwidthOut int32
	DeleteInstanceOnFailure *bool
	RepairMode              string
	RetainCloudAssistant    *bool
	ToRegionIDs             []string
	AddAccounts             []int64
	ImageName               string // prefix, unless ImageNameSuffix is disable
	ImageNameSuffix         string
	ImageFamily             string
	ImageDescription        string
	ImageNVMeSupport        string
	ImageTags               Tags
	ResourceGroupID         string
	Tags                    Tags
}

// PipelineQuery selects image templates that have one of the ids, when it has any, and
// carry all of the tags.
type PipelineQuery struct {
	Region  string
	IDs     []string
	Tags    Tags
	TagKeys []string // tags that have to be there, with whatever value
}

// Pipeline is an image template (DescribeImagePipelines). Its JSON goes into fingerprints,
// as that of a Component does.
type Pipeline struct {
	ID            string
	Name          string
	BaseImageType string // IMAGE, IMAGE_FAMILY or OSS
	BaseImage     string // an image's id or a family
	CreatedAt     string
	Tags          Tags
}

// StartExecutionRequest starts an image template (StartImagePipelineExecution).
type StartExecutionRequest struct {
	Region      string
	ClientToken string
	PipelineID  string
	Tags        Tags
}

// Execution is a run of an image template (DescribeImagePipelineExecutions). Status is
// the service's own word. ImageID is empty until the image exists.
type Execution struct {
	ID         string
	PipelineID string
	Status     string
	Message    string
	ImageID    string
	ErrorCode  string
	ErrorInfo  string
	CreatedAt  string
	Tags       Tags
}

// ExecutionQuery selects runs by their template, by their own id, or by both, that carry
// all of the tags. The service wants one of the two ids.
type ExecutionQuery struct {
	Region     string
	ID         string
	PipelineID string
	Tags       Tags
	TagKeys    []string // tags that have to be there, with whatever value
}

// RegisterImageRequest registers an ECS image with Batch Compute (CreateImage, POST /images).
type RegisterImageRequest struct {
	Region          string
	IdempotentToken string // letters, digits and underscore, at most 64
	Name            string
	Description     string
	ECSImageID      string
	Platform        string
}

// BatchImage is an image registered with Batch Compute.
type BatchImage struct {
	ID          string
	Name        string
	Description string
	ECSImageID  string
	Platform    string
	CreatedAt   string
}

// Object is what OSS says of an object (HeadObject).
type Object struct {
	ETag  string
	CRC64 string // empty where OSS has none
	Size  int64  // in bytes
}

// Region is a region of ECS (DescribeRegions).
type Region struct{ ID string }

// Options of a Cloud. The zero value means the official credential chain, the public
// regional endpoints and the default time-outs.
type Options struct {
	// ECSEndpoint and its sisters are base URLs such as http://127.0.0.1:9100, used for
	// every region instead of the public endpoints; that of OSS takes buckets in the path.
	ECSEndpoint          string
	BatchComputeEndpoint string
	OSSEndpoint          string
	// AccessKeyID and AccessKeySecret are fixed keys in place of the credential chain.
	AccessKeyID     string
	AccessKeySecret string
	// ConnectTimeout of every call, default 10 s.
	ConnectTimeout time.Duration
	// ReadTimeout of every call, default 60 s.
	ReadTimeout time.Duration
	// Dial replaces the connections of the operating system: tests that bring a network
	// and a clock of their own.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Gate is passed by every call; nil lets all of them through.
	Gate Gate
}
