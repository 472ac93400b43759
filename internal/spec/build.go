// Package spec is the build document: one YAML or JSON file that says what golden
// image to make, from what, and where it goes.
//
// Read is the way in: it parses, checks every rule the cloud documents for the
// parameters, and fills the defaults, so that whoever holds a Build may rely on it. Expand
// does the same for a document with a matrix, which stands for many builds. Nothing here
// does I/O or knows about Temporal.
package spec

// Build is one golden image: where it comes from, what is put into it, and where it goes.
type Build struct {
	// Name of the build. The build id and every name that the document leaves out follow from it.
	Name string `json:"name"`
	// Region in which everything happens, such as cn-hangzhou; left out when the matrix names the regions.
	Region string `json:"region"`
	// ResourceGroupID is the resource group of every resource that does not name its own.
	ResourceGroupID string `json:"resourceGroupId,omitempty"`
	// Tags are put on every resource that takes tags, beside the resource's own.
	Tags map[string]string `json:"tags,omitempty"`
	// Variables are names with default values, used in text as ${{ vars.name }} and set by --var name=value.
	Variables map[string]string `json:"variables,omitempty"`
	// Matrix makes the document stand for many builds.
	Matrix *Matrix `json:"matrix,omitempty"`
	// Source is the disk or image the build starts from; left out when template.id names a template.
	Source Source `json:"source,omitzero"`
	// Components are the build and test steps put into the image, in order.
	Components []Component `json:"components,omitempty"`
	// Template is the image template that builds the image. Without components and template the
	// imported image itself is the result.
	Template *Template `json:"template,omitempty"`
	// Execution is the run of the template.
	Execution Execution `json:"execution,omitzero"`
	// Image is the golden image that comes out.
	Image Image `json:"image,omitzero"`
	// BatchCompute registers the golden image with Batch Compute; left out, it is not registered.
	BatchCompute *BatchCompute `json:"batchCompute,omitempty"`
	// Approval lets the build wait before it is registered until somebody approves the golden image.
	Approval *Approval `json:"approval,omitempty"`
	// OnFailure says what becomes of what a failed build made: keep leaves it, for a retry or a look,
	// and cleanup removes it.
	OnFailure string `json:"onFailure,omitempty" jsonschema:"enum=keep,enum=cleanup,default=keep"`
	// OnCancel says what becomes of what a cancelled build made.
	OnCancel string `json:"onCancel,omitempty" jsonschema:"enum=keep,enum=cleanup,default=cleanup"`
	// OnSuccess says what becomes of what the golden image was made with.
	OnSuccess OnSuccess `json:"onSuccess,omitzero"`
	// Retries say how often a run that failed in the cloud is begun anew.
	Retries Retries `json:"retries,omitzero"`
	// Timeouts bound the waits.
	Timeouts Timeouts `json:"timeouts,omitzero"`
	// Schedule says when the image is built by itself; `kiln schedule create` applies it.
	Schedule *Schedule `json:"schedule,omitempty"`
	// Notifications are who is told how a build ended, and that it waits for approval.
	Notifications []Notification `json:"notifications,omitempty" jsonschema:"maxItems=20"`
}

// Source is where a build starts: exactly one of its fields.
type Source struct {
	// Import copies disk files from OSS into a custom image.
	Import *Import `json:"import,omitempty"`
	// ImageID is an existing image.
	ImageID string `json:"imageId,omitempty"`
	// ImageFamily is an image family; its newest available image is used.
	ImageFamily string `json:"imageFamily,omitempty"`
}

// Import is a request to ECS ImportImage (ECS API reference, 2014-05-26).
type Import struct {
	// ImageName of the imported image; default: the build's name, "-import-" and part of the token.
	ImageName string `json:"imageName,omitempty"`
	// Description of the imported image, 2 to 256 characters.
	Description string `json:"description,omitempty"`
	// Architecture of the system disk.
	Architecture string `json:"architecture,omitempty" jsonschema:"enum=i386,enum=x86_64,enum=arm64,default=x86_64"`
	// OSType of the system disk.
	OSType string `json:"osType,omitempty" jsonschema:"enum=linux,enum=windows,default=linux"`
	// Platform is the operating system distribution.
	Platform string `json:"platform,omitempty"`
	// BootMode of the system disk; arm64 boots by UEFI only.
	BootMode string `json:"bootMode,omitempty" jsonschema:"enum=BIOS,enum=UEFI"`
	// LicenseType matters for Windows Server, where it has to be given.
	LicenseType string `json:"licenseType,omitempty" jsonschema:"enum=Auto,enum=Aliyun,enum=BYOL"`
	// RoleName that ECS assumes to read the bucket; default AliyunECSImageImportDefaultRole.
	RoleName string `json:"roleName,omitempty"`
	// DetectionStrategy asks ECS to check the image after the import.
	DetectionStrategy string `json:"detectionStrategy,omitempty" jsonschema:"enum=Standard"`
	// StorageLocationARN is the CloudBox that stores the image, arn:acs:cloudbox:{RegionId}:{AliUid}:cloudbox/{CloudBoxId}.
	StorageLocationARN string `json:"storageLocationArn,omitempty"`
	// ResourceGroupID of the imported image; default: the build's.
	ResourceGroupID string `json:"resourceGroupId,omitempty"`
	// Features of the imported image.
	Features Features `json:"features,omitzero"`
	// Disks, 1 to 17: the first is the system disk, the others are data disks.
	Disks []Disk `json:"disks" jsonschema:"minItems=1,maxItems=17"`
	// Tags of the imported image.
	Tags map[string]string `json:"tags,omitempty"`
}

// Features an image says it supports.
type Features struct {
	// NVMeSupport says whether the image has the NVMe driver.
	NVMeSupport string `json:"nvmeSupport,omitempty" jsonschema:"enum=supported,enum=unsupported"`
	// IMDSSupport is the metadata service's mode of instances made from the image.
	IMDSSupport string `json:"imdsSupport,omitempty" jsonschema:"enum=v1,enum=v2"`
}

// Disk is one disk file in OSS.
type Disk struct {
	// Bucket in the build's region.
	Bucket string `json:"bucket"`
	// Object key of the disk file.
	Object string `json:"object"`
	// Format of the file; left out, ECS detects it.
	Format string `json:"format,omitempty" jsonschema:"enum=RAW,enum=VHD,enum=QCOW2,enum=VMDK"`
	// SizeGiB of the disk made from the file, not below the file's own size.
	SizeGiB int32 `json:"sizeGiB,omitempty" jsonschema:"minimum=1,maximum=2048"`
}

// Component is a reusable piece of an image build: either a reference by ID to an
// existing one, or one that the build creates or adopts by name and version.
type Component struct {
	// ID of an existing component; then only parameters may stand beside it, and type when it is a Test.
	ID string `json:"id,omitempty"`
	// Name of the component.
	Name string `json:"name,omitempty"`
	// Version major.minor.patch, unique per name. Left out, it follows from the content, so the same
	// content never makes a second component.
	Version string `json:"version,omitempty"`
	// Type says whether the component builds or tests.
	Type string `json:"type,omitempty" jsonschema:"enum=Build,enum=Test,default=Build"`
	// SystemType the component runs on.
	SystemType string `json:"systemType,omitempty" jsonschema:"enum=Linux,enum=Windows,default=Linux"`
	// Description, 2 to 256 characters.
	Description string `json:"description,omitempty"`
	// Content in the Image Builder command language, at most 16 KB.
	Content string `json:"content,omitempty"`
	// ContentFile is a file with the content, beside the document.
	ContentFile string `json:"contentFile,omitempty"`
	// Parameters given to the component where the template uses it.
	Parameters map[string]string `json:"parameters,omitempty"`
	// ResourceGroupID of the component; default: the build's.
	ResourceGroupID string `json:"resourceGroupId,omitempty"`
	// Tags of the component.
	Tags map[string]string `json:"tags,omitempty"`
}

// Template is an image template: either an existing one by ID, alone, or a request to
// ECS CreateImagePipeline (2014-05-26), whose base image and image options come from
// the other sections of the document.
type Template struct {
	// ID of an existing template. Then source, components and image are left out: the template has them.
	ID string `json:"id,omitempty"`
	// Name of the template; default: the build's name.
	Name string `json:"name,omitempty"`
	// Description, 2 to 256 characters.
	Description string `json:"description,omitempty"`
	// BuildContent in the command language, put after the build components.
	BuildContent string `json:"buildContent,omitempty"`
	// BuildContentFile is a file with the build content, beside the document.
	BuildContentFile string `json:"buildContentFile,omitempty"`
	// TestContent in the command language, put after the test components.
	TestContent string `json:"testContent,omitempty"`
	// TestContentFile is a file with the test content, beside the document.
	TestContentFile string `json:"testContentFile,omitempty"`
	// InstanceType of the build machine; left out, the service picks the smallest in stock.
	InstanceType string `json:"instanceType,omitempty"`
	// VSwitchID of the build machine; left out, the service makes a VPC and a VSwitch.
	VSwitchID string `json:"vSwitchId,omitempty"`
	// SystemDiskSizeGiB of the build machine.
	SystemDiskSizeGiB int32 `json:"systemDiskSizeGiB,omitempty" jsonschema:"minimum=20,maximum=500,default=40"`
	// InternetMaxBandwidthOut of the build machine in Mbit/s; 0 is no internet.
	InternetMaxBandwidthOut int32 `json:"internetMaxBandwidthOut,omitempty" jsonschema:"minimum=0,maximum=100,default=0"`
	// DeleteInstanceOnFailure removes the build machine after a failure.
	DeleteInstanceOnFailure *bool `json:"deleteInstanceOnFailure,omitempty" jsonschema:"default=true"`
	// RepairMode repairs the base image first.
	RepairMode string `json:"repairMode,omitempty" jsonschema:"enum=Standard"`
	// RetainCloudAssistant leaves Cloud Assistant in the image.
	RetainCloudAssistant *bool `json:"retainCloudAssistant,omitempty" jsonschema:"default=false"`
	// ToRegionIDs are up to 20 regions the service distributes the image to; left out, the build's only.
	ToRegionIDs []string `json:"toRegionIds,omitempty" jsonschema:"maxItems=20"`
	// AddAccounts are up to 20 accounts the service shares the image with.
	AddAccounts []int64 `json:"addAccounts,omitempty" jsonschema:"maxItems=20"`
	// ResourceGroupID of the template; default: the build's.
	ResourceGroupID string `json:"resourceGroupId,omitempty"`
	// Tags of the template.
	Tags map[string]string `json:"tags,omitempty"`
}

// Execution is a request to ECS StartImagePipelineExecution (2014-05-26).
type Execution struct {
	// Tags of the execution.
	Tags map[string]string `json:"tags,omitempty"`
}

// Image is the golden image, ImageOptions of CreateImagePipeline.
type Image struct {
	// Name of the image, 2 to 64 characters; default: the build's name. The service adds
	// "_" and the execution's id unless nameSuffix is disable.
	Name string `json:"name,omitempty"`
	// NameSuffix disable keeps the name exactly as given; a second build then needs another name.
	NameSuffix string `json:"nameSuffix,omitempty" jsonschema:"enum=disable"`
	// Family of the image.
	Family string `json:"family,omitempty"`
	// Description, 2 to 256 characters.
	Description string `json:"description,omitempty"`
	// NVMeSupport says whether the image has the NVMe driver.
	NVMeSupport string `json:"nvmeSupport,omitempty" jsonschema:"enum=supported,enum=unsupported,enum=auto"`
	// Tags of the image.
	Tags map[string]string `json:"tags,omitempty"`
}

// BatchCompute is a request to Batch Compute CreateImage (POST /images, 2015-11-11).
type BatchCompute struct {
	// Name of the registration, 1 to 64 of a-z A-Z 0-9 _ -, not starting with a digit; default: the build's name.
	Name string `json:"name,omitempty"`
	// Description, at most 1024 characters.
	Description string `json:"description,omitempty"`
	// Platform of the image; default: from source.import.osType.
	Platform string `json:"platform,omitempty" jsonschema:"enum=Linux,enum=Windows"`
}

// What may become of what a build made.
const (
	Keep    = "keep"
	Cleanup = "cleanup"
	Remove  = "remove"
)

// OnSuccess says what becomes of the resources that the golden image was made with, once it is there.
type OnSuccess struct {
	// ImportedImage that the template started from.
	ImportedImage string `json:"importedImage,omitempty" jsonschema:"enum=keep,enum=remove,default=keep"`
	// Components that the build made; those that it found are never removed, nor is one that a template uses.
	Components string `json:"components,omitempty" jsonschema:"enum=keep,enum=remove,default=keep"`
	// Template that the build made, with its executions.
	Template string `json:"template,omitempty" jsonschema:"enum=keep,enum=remove,default=keep"`
}

// Retries say how often a run that failed in the cloud is begun anew. A refused call is not such a run.
type Retries struct {
	// Import that ended without a usable image.
	Import int32 `json:"import,omitempty" jsonschema:"minimum=0,maximum=10,default=0"`
	// Execution that ended without a usable image; failed image tests do not count.
	Execution int32 `json:"execution,omitempty" jsonschema:"minimum=0,maximum=10,default=0"`
}

// Timeouts bound how long a build waits before it fails. Durations are written as 90m or 6h.
type Timeouts struct {
	// Call bounds one request with all its retries; throttling does not count.
	Call Duration `json:"call,omitempty" jsonschema:"default=2h"`
	// Conflict bounds the wait for a conflict that clears by itself, such as another run of the template.
	Conflict Duration `json:"conflict,omitempty" jsonschema:"default=12h"`
	// Import bounds the wait for the import.
	Import Duration `json:"import,omitempty" jsonschema:"default=12h"`
	// Execution bounds the wait for the execution of the template.
	Execution Duration `json:"execution,omitempty" jsonschema:"default=12h"`
	// Cleanup bounds the removal of what a build made, with the wait for runs that cannot be cancelled.
	Cleanup Duration `json:"cleanup,omitempty" jsonschema:"default=2h"`
}
