package emulator

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

const batchCreate = "BatchCompute.CreateImage"

// causes are those of the 110 rows of the five documents.
var causes = []cause{
	{batchCreate, "IdempotentTokenMismatch", "", asked, "The IdempotentToken of another request.", otherRequestWithTheToken},
	{batchCreate, "InvalidJsonFormat", "", asked, "A body that is no JSON.", posting(`{"Name": `)},
	{batchCreate, "InvalidHttpBody", "", asked, "A body that is JSON but no object.", posting(`[]`)},
	{batchCreate, "MissingName", "", asked, "No Name.", registering(Conditions{}, "Name", "")},
	{batchCreate, "InvalidName", "type must be string", asked, "A Name that is no string.", registering(Conditions{}, "Name", "7")},
	{batchCreate, "InvalidName", "length", asked, "A Name of 65 characters.", registering(Conditions{}, "Name", `"`+long[:65]+`"`)},
	{batchCreate, "InvalidName", "characters within", asked, "A Name that begins with a digit.", registering(Conditions{}, "Name", `"1golden"`)},
	{batchCreate, "InvalidDescription", "type must be string", asked, "A Description that is no string.", registering(Conditions{}, "Description", "[]")},
	{batchCreate, "InvalidDescription", "length", asked, "A Description of 1025 characters.", registering(Conditions{}, "Description", `"`+strings.Repeat("d", 1025)+`"`)},
	{batchCreate, "MissingEcsImageId", "", asked, "No EcsImageId.", registering(Conditions{}, "EcsImageId", "")},
	{batchCreate, "InvalidEcsImageId", "type must be string", asked, "An EcsImageId that is no string.", registering(Conditions{}, "EcsImageId", "true")},
	{batchCreate, "InvalidEcsImageId", "length", asked, "An EcsImageId of 257 characters.", registering(Conditions{}, "EcsImageId", `"`+long[:257]+`"`)},
	{batchCreate, "InvalidEcsImageId", "does not exist", asked, "An EcsImageId that does not exist, was deleted, or is an image of the system.", registering(Conditions{}, "EcsImageId", `"m-none"`)},
	{batchCreate, "InvalidEcsImageId", "has been registered", asked, "An image that is registered already, under whatever name.", registeredTwice},
	{batchCreate, "InvalidEcsImageId", "not available", asked, "An image that is not Available, or not usable yet.", notAvailable},
	{batchCreate, "InvalidEcsImageId", "share Image Quota", stand, "quotas.sharedImages is reached.", registering(Conditions{Quotas: map[string]int{"sharedImages": 0}}, "", "")},
	{batchCreate, "InvalidRoleArn", "created", stand, "roles.batchCompute is missing.", registering(Conditions{Roles: Roles{BatchCompute: "missing"}}, "", "")},
	{batchCreate, "InvalidRoleArn", "have access", stand, "roles.batchCompute is cannotShare.", registering(Conditions{Roles: Roles{BatchCompute: "cannotShare"}}, "", "")},
	{batchCreate, "MissingPlatform", "", asked, "No Platform.", registering(Conditions{}, "Platform", "")},
	{batchCreate, "InvalidPlatform", "type must be string", asked, "A Platform that is no string.", registering(Conditions{}, "Platform", "null")},
	{batchCreate, "InvalidPlatform", "length", asked, "A Platform of 257 characters.", registering(Conditions{}, "Platform", `"`+long[:257]+`"`)},
	{batchCreate, "QuotaExhausted.MaxImageCount", "", stand, "quotas.batchComputeImages is reached.", registering(Conditions{Quotas: map[string]int{"batchComputeImages": 0}}, "", "")},
	{batchCreate, "Invalid{Parameter}", "", asked, "Another parameter that is not valid, such as an IdempotentToken with a hyphen: the code is InvalidIdempotentToken.", badToken},

	{makeComponent, "InvalidCommand.Component", "", asked, "The command COMPONENT.", content("COMPONENT ic-1")},
	{makeComponent, "InvalidName.Malformed", "", asked, "A Name that begins with a digit.", asking(makeComponent, componentArgs, "Name", "1agent")},
	{makeComponent, "InvalidDescription.Malformed", "", asked, "A Description of one character.", asking(makeComponent, componentArgs, "Description", "d")},
	{makeComponent, "InvalidSystemType.NotSupportedValue", "", asked, "A SystemType other than Linux and Windows.", asking(makeComponent, componentArgs, "SystemType", "linux")},
	{makeComponent, "InvalidComponentType.NotSupportedValue", "", asked, "A ComponentType other than Build and Test.", asking(makeComponent, componentArgs, "ComponentType", "Deploy")},
	{makeComponent, "InvalidContent.LengthExceeded", "", asked, "Content of more than 16 KB.", content("RUN " + strings.Repeat("x", 16<<10))},
	{makeComponent, "InvalidImageTemplateCommandSize.ExceededMaxNumber", "", asked, "128 commands.", content(strings.Repeat("RUN true\n", 128))},
	{makeComponent, "InvalidImageTemplateCommand.NotSupported", "", asked, "A command that does not exist.", content("INSTALL vim")},
	{makeComponent, "InvalidCommandContent.RUN", "", asked, "RUN with an open quote.", content(`RUN echo "a`)},
	{makeComponent, "InvalidCommandContent.ENV", "", asked, "ENV without a value.", content("ENV k")},
	{makeComponent, "InvalidCommandContent.WORKDIR", "", asked, "WORKDIR with two paths.", content("WORKDIR /a /b")},
	{makeComponent, "InvalidCommandContent.COPY", "", asked, "COPY without a target.", content("COPY a")},
	{makeComponent, "InvalidCommandContent.USER", "", asked, "USER with two names.", content("USER a b")},
	{makeComponent, "InvalidCommandContent.CMD", "", asked, "CMD with broken JSON.", content(`CMD ["a",]`)},
	{makeComponent, "InvalidCommandContent.ENTRYPOINT", "", asked, "ENTRYPOINT with a list of numbers.", content("ENTRYPOINT [1]")},
	{makeComponent, "MissingParameter.Content", "", asked, "No Content.", content("-")},
	{makeComponent, "EmptyCommandContent.RUN", "", asked, "RUN alone.", content("RUN")},
	{makeComponent, "EmptyCommandContent.ENV", "", asked, "ENV alone.", content("ENV")},
	{makeComponent, "EmptyCommandContent.LABEL", "", asked, "LABEL alone.", content("LABEL")},
	{makeComponent, "EmptyCommandContent.COPY", "", asked, "COPY alone.", content("COPY")},
	{makeComponent, "EmptyCommandContent.ENTRYPOINT", "", asked, "ENTRYPOINT alone.", content("ENTRYPOINT")},
	{makeComponent, "EmptyCommandContent.CMD", "", asked, "CMD alone.", content("CMD")},
	{makeComponent, "NotEmptyCommandContent.RESTART", "", asked, "RESTART with a word behind it.", content("RESTART now")},
	{makeComponent, "EmptyCommandContent.WORKDIR", "", asked, "WORKDIR alone.", content("WORKDIR")},
	{makeComponent, "EmptyCommandContent.USER", "", asked, "USER alone.", content("USER")},
	{makeComponent, "QuotaExceed.ImageComponent", "", stand, "quotas.components is reached.", under(Conditions{Quotas: map[string]int{"components": 0}}, makeComponent, componentArgs)},
	{makeComponent, "InvalidParameter.Content", "", asked, "Content that is broken YAML.", content("Tasks: [\n")},
	{makeComponent, "InvalidImage.OsTypeUnsupported", "", stand, "notBuildable has the SystemType.", under(Conditions{NotBuildable: []string{"linux"}}, makeComponent, componentArgs)},
	{makeComponent, "InvalidParameter.ComponentVersion", "", asked, "A ComponentVersion of two numbers.", asking(makeComponent, componentArgs, "ComponentVersion", "1.0")},
	{makeComponent, "InvalidComponentVersion.Exist", "", asked, "A ComponentVersion that the Name has.", versionTaken},
	{makeComponent, "InvalidOperation.NoPermissionCreateServiceLinkedRole", "", stand, "roles.serviceLinked is forbidden.", under(Conditions{Roles: Roles{ServiceLinked: "forbidden"}}, makeComponent, componentArgs)},
	{makeComponent, "InvalidResourceGroup.NotFound", "", asked, "A ResourceGroupId of another form than rg-…, or one that known.resourceGroups leaves out.", under(Conditions{Known: Known{ResourceGroups: []string{"rg-1"}}}, makeComponent, componentArgs, "ResourceGroupId", "rg-2")},
	{makeComponent, "NotSupportedCommand.FROM", "", asked, "The command FROM.", content("FROM ubuntu")},

	{startPipeline, "InvalidImage.OsTypeUnsupported", "", stand, "notBuildable has the base image's OSType or Platform.", starting(pipelineArgs, setting(Conditions{NotBuildable: []string{"Ubuntu"}}))},
	{startPipeline, "InvalidParameter.BuildContent", "", asked, "The component that BuildContent means by a version with * has a newer version, which demands a parameter or has one less.", publishing("BuildContent", "Build", "Content", demanding)},
	{startPipeline, "InvalidParameter.TestContent", "", asked, "The component that TestContent means by a version with * has a newer version, which demands a parameter or has one less.", publishing("TestContent", "Test", "Content", demanding)},
	{startPipeline, "InvalidImageComponent.NotSupported", "", asked, "The component that the template means by a version with * has a newer version of another type or system.", publishing("BuildContent", "Build", "ComponentType", "Test")},
	{startPipeline, "Duplicate.TagKey", "", asked, "A tag key twice.", asking(startPipeline, args{"ImagePipelineId": "ip-1"}, "Tag.1.Key", "a", "Tag.2.Key", "a")},
	{startPipeline, "InvalidTagKey.Malformed", "", asked, "A tag key that begins with aliyun.", asking(startPipeline, args{"ImagePipelineId": "ip-1"}, "Tag.1.Key", "aliyun-a")},
	{startPipeline, "InvalidTagValue.Malformed", "", asked, "A tag value of 129 characters.", asking(startPipeline, args{"ImagePipelineId": "ip-1"}, "Tag.1.Key", "a", "Tag.1.Value", long[:129])},
	{startPipeline, "InvalidDockerRepositoryCredential.DockerRegistryMalformed", "", asked, "DockerRepositoryCredential, which no list of parameters has, without DockerRegistry or with one of 513 characters.", asking(startPipeline, args{"ImagePipelineId": "ip-1"}, "DockerRepositoryCredential.User", "u")},
	{startPipeline, "InvalidDockerRepositoryCredential.UserMalformed", "", asked, "DockerRepositoryCredential, which no list of parameters has, without User or with one of 129 characters.", asking(startPipeline, args{"ImagePipelineId": "ip-1"}, "DockerRepositoryCredential.DockerRegistry", "r")},
	{startPipeline, "InvalidImageName.Duplicated", "", asked, "The template fixes an image name that has been taken since, or that takenNames has.", starting(pipelineArgs.with("AdvancedOptions.ImageNameSuffix", "disable"), fixedNameTaken)},
	{startPipeline, "StartImagePipelineExecution.Failed", "", stand, "maintenance has StartImagePipelineExecution.", starting(pipelineArgs, setting(Conditions{Maintenance: []string{startPipeline}}))},
	{startPipeline, "InvalidImagePipeline.HasRunningExecution", "", asked, "An execution of the template that has not ended.", running},
	{startPipeline, "InvalidImagePipeline.OSSObjectNotAuthorized", "", stand, "The object, or its bucket, is denied in oss; or its bucket is encrypted.", starting(fromOSSArgs, setting(objects(Object{Denied: true})))},
	{startPipeline, "InvalidImagePipeline.OSSObjectNeedRestore", "", stand, "The object is archived in oss.objects.", starting(fromOSSArgs, setting(objects(Object{Archived: true})))},
	{startPipeline, "InvalidOperation.NoRightAccessOSS", "", stand, "roles.imageImport is missing, and the template names no other role.", starting(fromOSSArgs, setting(Conditions{Roles: Roles{ImageImport: "missing"}}))},
	{startPipeline, "InvalidImagePipeline.NotFound", "", asked, "An ImagePipelineId that does not exist.", asking(startPipeline, args{"ImagePipelineId": "ip-none"})},
	{startPipeline, "InvalidInstanceType.NotFound", "", stand, "known.instanceTypes leaves the template's out.", starting(machineArgs, setting(Conditions{Known: Known{InstanceTypes: []string{"ecs.c8.large"}}}))},
	{startPipeline, "InvalidVSwitchId.NotFound", "", stand, "known.vSwitches leaves the template's out.", starting(machineArgs, setting(Conditions{Known: Known{VSwitches: []string{"vsw-2"}}}))},
	{startPipeline, "InvalidRegionId.NotFound", "", asked, "A RegionId that does not exist, or that is closed in regions.", asking(startPipeline, args{"ImagePipelineId": "ip-1", "RegionId": "mars-1"})},
	{startPipeline, "InvalidImage.NotFound", "", stand, "The base image is there but not usable any more, such as one that status holds in UnAvailable.", onOwnBase(func(c *cloud, id string) { c.set(Conditions{Status: map[string]string{id: "UnAvailable"}}) })},
	{startPipeline, "ImageComponent.NotFound", "", asked, "A component of the template has been deleted.", componentGone},
	{startPipeline, "InvalidImagePipeline.BaseImageNotFound", "", asked, "The base image has been deleted, or no image of the family is left.", onOwnBase(func(c *cloud, id string) { require.NoError(c.t, c.server.Delete(id)) })},
	{startPipeline, "InvalidImagePipeline.OSSObjectNotFound", "", asked, "The object has been deleted, or its bucket has another region in oss.buckets.", starting(fromOSSArgs, func(c *cloud) { c.drop("golden/disk.qcow2") })},

	{"ImportImage", "Forbbiden", "", stand, "forbid has ImportImage: account.", under(Conditions{Forbid: map[string]Denial{"ImportImage": DeniedToAccount}}, "ImportImage", importArgs)},
	{"ImportImage", "IncorrectImageStatus", "", stand, "The ImageName of an image that is Waiting or UnAvailable, by imports.image.status or status.", nameOfABrokenImage},
	{"ImportImage", "InvalidArchitecture.Malformed", "", asked, "An Architecture that does not exist.", asking("ImportImage", importArgs, "Architecture", "riscv64")},
	{"ImportImage", "InvalidDescription.Malformed", "", asked, "A Description of one character.", asking("ImportImage", importArgs, "Description", "d")},
	{"ImportImage", "InvalidFormat.Malformed", "", stand, "A Format that does not exist, while oldAnswers is set; InvalidImageFormat.Malformed otherwise.", under(Conditions{OldAnswers: true}, "ImportImage", importArgs, "DiskDeviceMapping.1.Format", "ISO")},
	{"ImportImage", "InvalidImageName.Duplicated", "", asked, "The ImageName of another image of the region, or one that takenNames has.", nameTaken},
	{"ImportImage", "InvalidImageName.Malformed", "", asked, "An ImageName that begins with a digit.", asking("ImportImage", importArgs, "ImageName", "1golden")},
	{"ImportImage", "InvalidImageSize", "", asked, "A DiskImageSize below the size of the disk in the file.", asking("ImportImage", importArgs, "DiskDeviceMapping.1.DiskImageSize", "19")},
	{"ImportImage", "InvalidOSType.Malformed", "", asked, "An OSType other than linux and windows.", asking("ImportImage", importArgs, "OSType", "bsd")},
	{"ImportImage", "InvalidPlatform.Malformed", "", asked, "A Platform that does not exist.", asking("ImportImage", importArgs, "Platform", "BeOS")},
	{"ImportImage", "MissingParameter", "RegionId", asked, "No RegionId.", asking("ImportImage", importArgs, "RegionId", "")},
	{"ImportImage", "MissingParameter", "OSSBucket", asked, "A disk without OSSBucket.", asking("ImportImage", importArgs, "DiskDeviceMapping.1.OSSBucket", "-")},
	{"ImportImage", "MissingParameter", "OSSObject", asked, "A disk without OSSObject.", asking("ImportImage", importArgs, "DiskDeviceMapping.1.OSSObject", "-")},
	{"ImportImage", "RegionId.NotFound", "", stand, "A RegionId that does not exist, while oldAnswers is set; InvalidRegionId.NotFound otherwise.", under(Conditions{OldAnswers: true}, "ImportImage", importArgs, "RegionId", "mars-1")},
	{"ImportImage", "ImageIsImporting", "", stand, "The object is importing in oss.objects.", under(objects(Object{Importing: true}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidRegion.NotSupport", "", stand, "The region has noImport in regions.", under(Conditions{Regions: map[string]Region{"cn-hangzhou": {NoImport: true}}}, "ImportImage", importArgs)},
	{"ImportImage", "QuotaExceed.Image", "", stand, "quotas.images is reached.", under(Conditions{Quotas: map[string]int{"images": 0}}, "ImportImage", importArgs)},
	{"ImportImage", "QuotaExceed.Snapshot", "", stand, "quotas.snapshots is reached; each disk of an image counts as one.", under(Conditions{Quotas: map[string]int{"snapshots": 0}}, "ImportImage", importArgs)},
}

// neighbours are causes of rows around those of the five documents.
var neighbours = []cause{
	{"ImportImage", "Account.Arrearage", "", stand, "account.arrears", under(Conditions{Account: Account{Arrears: true}}, "ImportImage", importArgs)},
	{"ImportImage", "UserNotInTheWhiteList", "", stand, "account.notWhitelisted", under(Conditions{Account: Account{NotWhitelisted: true}}, "ImportImage", importArgs)},
	{"ImportImage", "ImportImageFailed", "", stand, "maintenance", under(Conditions{Maintenance: []string{"ImportImage"}}, "ImportImage", importArgs)},
	{"ImportImage", "NoSetRoletoECSServiceAcount", "", stand, "roles.imageImport", under(Conditions{Roles: Roles{ImageImport: "missing"}}, "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSS.NotAuthorized", "", stand, "a denied object", under(objects(Object{Denied: true}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSS.NotAuthorized", "", stand, "a denied bucket", under(buckets(Bucket{Denied: true}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSSObject.NeedRestore", "", stand, "an archived object", under(objects(Object{Archived: true}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSSBucket.EncryptUnsupported", "", stand, "an encrypted bucket", under(buckets(Bucket{Encrypted: true}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSSBucket.FlowLimit", "", stand, "a bucket's flow", under(buckets(Bucket{FlowLimit: true}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSSBucket.NotMatched", "", stand, "a bucket that does not match", under(buckets(Bucket{NotMatched: "it is in a cloud box"}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidOSSBucket.NotFound", "", stand, "a bucket of another region", under(buckets(Bucket{Region: "cn-beijing"}), "ImportImage", importArgs)},
	{"ImportImage", "InvalidAccountStatus.OSSDisabled", "", stand, "oss.disabled", under(Conditions{OSS: OSS{Disabled: true}}, "ImportImage", importArgs)},
	{"ImportImage", "InvalidLicenseType.BYOLOnly", "", stand, "byolOnly", under(Conditions{BYOLOnly: []string{"Others Linux"}}, "ImportImage", importArgs)},
	{"ImportImage", "InvalidImageFormat.RegionNotSupported", "", stand, "the region's formats", under(Conditions{Regions: map[string]Region{"cn-hangzhou": {Formats: []string{"RAW"}}}}, "ImportImage", importArgs)},
	{"ImportImage", "InvalidOperation.CloudBoxImageImportRoleRequired", "", stand, "roles.cloudBoxImageImport", under(Conditions{
		Known: Known{CloudBoxes: []string{"cb-1"}, CloudBoxImport: true}, Roles: Roles{CloudBoxImageImport: "missing"}}, "ImportImage", importArgs, "StorageLocationArn", "cb-1")},
	{"ImportImage", "InvalidOperation.CloudBoxImageImportUnsupported", "", stand, "a cloud box without imports", under(Conditions{Known: Known{CloudBoxes: []string{"cb-1"}}}, "ImportImage", importArgs, "StorageLocationArn", "cb-1")},
	{"ImportImage", "InvalidRegionId.NotFound", "", stand, "a closed region", under(Conditions{Regions: map[string]Region{"cn-hangzhou": {Closed: true}}}, "ImportImage", importArgs)},
	{"ImportImage", "InvalidImageName.Duplicated", "", stand, "takenNames", under(Conditions{TakenNames: []string{"golden-base"}}, "ImportImage", importArgs)},

	{makePipeline, "QuotaExceed.ImagePipeline", "", stand, "quotas.pipelines", under(Conditions{Quotas: map[string]int{"pipelines": 0}}, makePipeline, pipelineArgs)},
	{makePipeline, "NoPermission", "", stand, "forbid: account", under(Conditions{Forbid: map[string]Denial{"*": DeniedToAccount}}, makePipeline, pipelineArgs)},
	{makePipeline, "InvalidImage.OsTypeUnsupported", "", stand, "notBuildable", under(Conditions{NotBuildable: []string{"linux"}}, makePipeline, pipelineArgs)},
	{makePipeline, "InvalidImage.NotSupportRepair", "", stand, "notRepairable", under(Conditions{NotRepairable: []string{ubuntu}}, makePipeline, pipelineArgs, "RepairMode", "Standard")},
	{makePipeline, "InvalidImage.ImageOwnerAliasUnsupported", "", stand, "notDistributable", under(Conditions{NotDistributable: []string{ubuntu}}, makePipeline, pipelineArgs, "ToRegionId.1", "cn-beijing")},
	{makePipeline, "InvalidOperation.NoPermissionCreateServiceLinkedRole", "", stand, "roles.serviceLinked", under(Conditions{Roles: Roles{ServiceLinked: "forbidden"}}, makePipeline, pipelineArgs)},
	{makePipeline, "InvalidInstanceType.NotFound", "", stand, "known.instanceTypes", under(Conditions{Known: Known{InstanceTypes: []string{"ecs.c8.large"}}}, makePipeline, machineArgs)},
	{makePipeline, "InvalidVSwitchId.NotFound", "", stand, "known.vSwitches", under(Conditions{Known: Known{VSwitches: []string{"vsw-2"}}}, makePipeline, machineArgs)},
	{makePipeline, "InvalidImage.NotFound", "", stand, "a base image that status hides", under(Conditions{Status: map[string]string{"m-*": "none"}}, makePipeline, pipelineArgs)},
	{makePipeline, "InvalidOSSObject.NotAuthorized", "", stand, "a denied object", under(objects(Object{Denied: true}), makePipeline, fromOSSArgs)},
	{makePipeline, "InvalidOSSObject.NeedRestore", "", stand, "an archived object", under(objects(Object{Archived: true}), makePipeline, fromOSSArgs)},
	{makePipeline, "InvalidOperation.NoRightAccessOSS", "", stand, "roles.imageImport", under(Conditions{Roles: Roles{ImageImport: "missing"}}, makePipeline, fromOSSArgs)},
	{makePipeline, "InvalidOperation.OSSObjectIsImporting", "", stand, "an object being imported", under(objects(Object{Importing: true}), makePipeline, fromOSSArgs)},
	{makePipeline, "InvalidImportImageOptionsDiskDeviceMappingsOSSObject.NotFound", "", stand, "a bucket of another region", under(buckets(Bucket{Region: "cn-beijing"}), makePipeline, fromOSSArgs)},

	{"CancelTask", "CancelTaskFailed", "", stand, "maintenance", under(Conditions{Maintenance: []string{"CancelTask"}}, "CancelTask", args{"TaskId": "t-1"})},
	{"DeleteImage", "ImageUsingByInstance", "", asked, "a running execution's base", deletingBase},
	{"DeleteImage", "ImageUsingByInstance", "", stand, "imageUse: instances", deletingImage(Conditions{ImageUse: map[string]string{"m-*": usedByInstances}})},
	{"DeleteImage", "ImageUseShared", "", stand, "imageUse: shared", deletingImage(Conditions{ImageUse: map[string]string{"m-*": usedShared}})},
	{"DeleteImage", "OperationDenied.ImageCopying", "", stand, "imageUse: copied", deletingImage(Conditions{ImageUse: map[string]string{"m-*": usedCopied}})},
	{"DeleteImage", "ImageIsExporting", "", stand, "imageUse: exported", deletingImage(Conditions{ImageUse: map[string]string{"m-*": usedExported}})},
	{"DeleteImage", "ImageIsImporting", "", stand, "an import that never ends", deletingImage(Conditions{Imports: Imports{Stuck: true}})},
	{"DeleteImage", "ImageIsCreating", "", asked, "an execution's image to be", deletingMade},
	{"DeleteImage", "ImageIsPublic", "", asked, "an image of the system", asking("DeleteImage", args{"ImageId": ubuntu})},
	{"DeleteImage", "InvalidImageId.NotFound", "", stand, "a status of the image", deletingImage(Conditions{Status: map[string]string{"m-*": "none"}})},
	{"DeleteImageComponent", "InvalidImageComponent.InUse", "", asked, "a template's component", deletingUsed},
	{"DeleteImageComponent", "InvalidImageComponent.NotFound", "", asked, "no such component", asking("DeleteImageComponent", args{"ImageComponentId": "ic-none"})},
	{"DeleteImagePipeline", "InvalidImagePipeline.HasRunningExecution", "", stand, "an execution that never ends", deletingRunning},
	{"DeleteImagePipeline", "InvalidImagePipeline.NotFound", "", asked, "no such template", asking("DeleteImagePipeline", args{"ImagePipelineId": "ip-none"})},
	{"BatchCompute.GetImage", "InvalidResource.NotFound", "", asked, "no such registration", func(c *cloud) result { return c.batch("GET", "/images/img-none", "") }},
	{"BatchCompute.DeleteImage", "InvalidResource.NotFound", "", asked, "no such registration", func(c *cloud) result { return c.batch("DELETE", "/images/img-none", "") }},
	{"BatchCompute.DeleteImage", "InvalidEcsImageId", "", stand, "a status of the image", removing(Conditions{Status: map[string]string{"m-*": "UnAvailable"}})},
	{"BatchCompute.DeleteImage", "InvalidRoleArn", "", stand, "roles.batchCompute", removing(Conditions{Roles: Roles{BatchCompute: "cannotShare"}})},
	{"BatchCompute.*", "StateConflict", "", stand, "a status of the registration", removing(Conditions{Status: map[string]string{"img-*": "Deleting"}})},
	{"BatchCompute.*", "Forbidden", "", stand, "forbid: account", registering(Conditions{Forbid: map[string]Denial{"CreateImage": DeniedToAccount}}, "", "")},

	{"*", "Forbidden.RAM", "", stand, "forbid: ram", under(Conditions{Forbid: map[string]Denial{"DescribeTasks": DeniedByRAM}}, "DescribeTasks", args{})},
	{"*", "Forbidden.RAM", "", stand, "forbid: ram, Batch Compute", registering(Conditions{Forbid: map[string]Denial{batchCreate: DeniedByRAM}}, "", "")},
	{"*", "Forbidden.SubUser", "", stand, "forbid: subUser", under(Conditions{Forbid: map[string]Denial{"*": DeniedToSubUser}}, "DescribeTasks", args{})},
	{"*", "Forbidden.RiskControl", "", stand, "forbid: riskControl", under(Conditions{Forbid: map[string]Denial{"*": DeniedByRiskControl}}, "DescribeTasks", args{})},
	{"*", "Forbidden.NotSupportRAM", "", stand, "forbid: notSupportRAM", under(Conditions{Forbid: map[string]Denial{"*": DeniedWithoutRAM}}, "DescribeTasks", args{})},
	{"*", "InvalidAccessKeyId.Inactive", "", stand, "account.keyInactive", under(Conditions{Account: Account{KeyInactive: true}}, "DescribeTasks", args{})},
	{"*", "RealNameAuthenticationError", "", stand, "account.noRealName", under(Conditions{Account: Account{NoRealName: true}}, makeComponent, componentArgs)},
	{"*", "InsufficientBalance", "", stand, "account.arrears", under(Conditions{Account: Account{Arrears: true}}, makeComponent, componentArgs)},
	{"*", "ServiceUnavailable", "", stand, "maintenance", under(Conditions{Maintenance: []string{"*"}}, "DescribeTasks", args{})},
	{"*", "Throttling", "", stand, "flow", under(Conditions{Flow: Flow{Limits: map[string]int{"*": 0}}}, "DescribeTasks", args{})},
	{"*", "Throttling.User", "", stand, "flow with another code", under(Conditions{Flow: Flow{Limits: map[string]int{"*": 0}, Code: "Throttling.User"}}, "DescribeTasks", args{})},
	{"*", "Throttling", "", stand, "flow, Batch Compute", registering(Conditions{Flow: Flow{Limits: map[string]int{"CreateImage": 0}}}, "", "")},
}

// removing raises a row by the removal of a registration.
func removing(conditions Conditions) func(*cloud) result {
	return func(c *cloud) result {
		id := c.batch("POST", "/images", batchBody(c.imported(importArgs))).text("Id")
		c.set(conditions)
		return c.batch("DELETE", "/images/"+id, "")
	}
}

// deletingImage raises a row by the deletion of an image that was imported under
// conditions.
func deletingImage(conditions Conditions) func(*cloud) result {
	return func(c *cloud) result {
		c.set(conditions)
		return c.ecs("DeleteImage", args{"ImageId": c.imported(importArgs)})
	}
}

func deletingBase(c *cloud) result {
	base := c.imported(importArgs)
	c.start(c.pipeline("BaseImage", base))
	return c.ecs("DeleteImage", args{"ImageId": base})
}

func deletingMade(c *cloud) result {
	c.start(c.pipeline())
	c.clock.pass(9 * time.Minute)
	return c.ecs("DeleteImage", args{"ImageId": "m-bp1000000000001"})
}

func deletingUsed(c *cloud) result {
	used := c.component()
	c.pipeline("BuildContent", "COMPONENT "+used)
	return c.ecs("DeleteImageComponent", args{"ImageComponentId": used})
}

func deletingRunning(c *cloud) result {
	c.set(Conditions{Executions: Executions{Stuck: true}})
	id := c.pipeline()
	c.start(id)
	c.clock.pass(1000 * time.Hour)
	return c.ecs("DeleteImagePipeline", args{"ImagePipelineId": id})
}
