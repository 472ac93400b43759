package emulator

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxBatchImages is the quota of registered images.
const maxBatchImages = 10_000

// batchImage is an ECS image registered with Batch Compute. There is one list of them:
// the service's region is not known from a request.
type batchImage struct {
	ID, Name, Description, EcsImageID, Platform string
	Region                                      string // of the ECS image
	Created                                     time.Time
}

func (i batchImage) key() key {
	return key{kind: "batchimage", id: i.ID, labels: []string{i.EcsImageID}}
}

func (i batchImage) item() reply {
	return reply{
		"Id": i.ID, "Name": i.Name, "Description": i.Description, "EcsImageId": i.EcsImageID, "Platform": i.Platform,
		"Type": "Self", "OwnerId": ownerID, "CreationTime": i.Created.UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
}

var (
	batchName       = regexp.MustCompile(`^[A-Za-z_-][A-Za-z0-9_-]*$`)
	idempotentToken = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
)

// createBatchImage registers an ECS image. A026: the order of the checks. (Batch Compute
// API reference, CreateImage.)
func (c *call) createBatchImage(string) (answer, error) {
	body, err := c.jsonBody()
	if err != nil {
		return answer{}, err
	}
	img := batchImage{Name: body.text("Name", 1, 64, true), Created: c.now}
	if !batchName.MatchString(img.Name) {
		c.note(refuseSaying(c.api, "InvalidName",
			"Specified parameter Name is not valid. "+
				"It must only contain characters within [a-zA-Z0-9_-], and must not start with [0-9]."))
	}
	img.Description = body.text("Description", 0, 1024, false)
	img.EcsImageID = body.text("EcsImageId", 1, 256, true)
	img.Platform = body.text("Platform", 1, 256, true)
	if img.Platform != "Linux" && img.Platform != "Windows" {
		c.note(invalidMember(c.api, "Platform", ""))
	}
	c.line.Token = c.text("IdempotentToken")
	if c.line.Token != "" && !idempotentToken.MatchString(c.line.Token) {
		c.note(invalidMember(c.api, "IdempotentToken", ""))
	}
	if err := c.fault(); err != nil {
		return answer{}, err
	}
	request := map[string]string{
		"Name": img.Name, "Description": img.Description, "EcsImageId": img.EcsImageID, "Platform": img.Platform,
	}
	created, err := c.once("batchcompute", c.line.Token, request, func(c *call) (reply, error) { return c.register(img) })
	return answer{status: http.StatusCreated, body: created}, err
}

// register holds the request against what exists.
func (c *call) register(img batchImage) (reply, error) {
	source, found := c.findImage(c.line.Region, img.EcsImageID)
	switch {
	case !found || source.System:
		return nil, invalidMember(c.api, "EcsImageId", "The specified EcsImageId does not exist or not you onwer.")
	case !source.usable(c.now):
		return nil, invalidMember(c.api, "EcsImageId", "The image is not available.")
	}
	if len(labelled[batchImage](c.tx, "", img.EcsImageID)) > 0 {
		return nil, invalidMember(c.api, "EcsImageId", "This EcsImageId has been registered.")
	}
	if err := c.checkRegistration(count[batchImage](c.tx)); err != nil {
		return nil, err
	}
	img.Region, img.ID = source.Region, c.tx.nextID("img-")
	c.line.ResourceIDs = append(c.line.ResourceIDs, img.ID)
	c.tx.save(img)
	return reply{"Id": img.ID}, nil
}

// theBatchImage is the image with the id in the path.
func (c *call) theBatchImage(id string) (batchImage, error) {
	img, found := find[batchImage](c.tx, "", id)
	if !found {
		return img, refuse(c.api, "InvalidResource.NotFound")
	}
	return img, nil
}

func (c *call) getBatchImage(id string) (answer, error) {
	img, err := c.theBatchImage(id)
	return answer{status: http.StatusOK, body: img.item()}, err
}

func (c *call) deleteBatchImage(id string) (answer, error) {
	img, err := c.theBatchImage(id)
	if err != nil {
		return answer{}, err
	}
	if err := c.checkRemoval(img); err != nil {
		return answer{}, err
	}
	c.tx.remove(img)
	return answer{status: http.StatusNoContent}, nil
}

// listBatchImages pages through the registered images. The system's list is empty.
// (Batch Compute, ListImages.)
func (c *call) listBatchImages(string) (answer, error) {
	size, err := strconv.Atoi(c.text("MaxItemCount"))
	if c.has("MaxItemCount") && (err != nil || size < 0 || size > 100) {
		return answer{}, invalidMember(c.api, "MaxItemCount", "")
	}
	marker := c.text("Marker")
	if marker != "" && !strings.HasPrefix(marker, "img-") {
		return answer{}, invalidMember(c.api, "Marker", "")
	}
	if size == 0 {
		size = 50
	}
	var all []batchImage
	if c.text("Type") != "System" {
		all = list[batchImage](c.tx, "")
	}
	items, next := []reply{}, ""
	shown, more := pageFrom(c.api, pageToken{after: marker, size: size}, all)
	for _, img := range shown {
		items = append(items, img.item())
	}
	if more != "" {
		next = shown[len(shown)-1].ID
	}
	return answer{status: http.StatusOK, body: reply{"NextMarker": next, "Items": items}}, nil
}

// invalidMember is the service's sentence for a bad field, with the reason it gives.
func invalidMember(api, name, reason string) error {
	message := "Specified parameter " + name + " is not valid."
	if reason != "" {
		message += " " + reason
	}
	return refuseSaying(api, "Invalid"+name, message)
}
