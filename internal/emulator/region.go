package emulator

// region is a place with its own images, tasks, components and templates.
type region struct {
	id     string
	infix  string // in the ids of what is made there
	zhName string
	enName string
}

var regions = []region{
	{"cn-hangzhou", "bp1", "华东1（杭州）", "China (Hangzhou)"},
	{"cn-shanghai", "uf6", "华东2（上海）", "China (Shanghai)"},
	{"cn-qingdao", "m5e", "华北1（青岛）", "China (Qingdao)"},
	{"cn-beijing", "2ze", "华北2（北京）", "China (Beijing)"},
	{"cn-zhangjiakou", "8vb", "华北3（张家口）", "China (Zhangjiakou)"},
	{"cn-huhehaote", "hp3", "华北5（呼和浩特）", "China (Hohhot)"},
	{"cn-wulanchabu", "0jl", "华北6（乌兰察布）", "China (Ulanqab)"},
	{"cn-shenzhen", "wz9", "华南1（深圳）", "China (Shenzhen)"},
	{"cn-guangzhou", "7xv", "华南3（广州）", "China (Guangzhou)"},
	{"cn-chengdu", "2vc", "西南1（成都）", "China (Chengdu)"},
	{"cn-hongkong", "j6c", "中国香港", "China (Hong Kong)"},
	{"ap-northeast-1", "6we", "日本（东京）", "Japan (Tokyo)"},
	{"ap-southeast-1", "t4n", "新加坡", "Singapore"},
	{"ap-southeast-3", "8ps", "马来西亚（吉隆坡）", "Malaysia (Kuala Lumpur)"},
	{"ap-southeast-5", "k1a", "印度尼西亚（雅加达）", "Indonesia (Jakarta)"},
	{"us-east-1", "0xi", "美国（弗吉尼亚）", "US (Virginia)"},
	{"us-west-1", "rj9", "美国（硅谷）", "US (Silicon Valley)"},
	{"eu-west-1", "d7o", "英国（伦敦）", "UK (London)"},
	{"eu-central-1", "gw8", "德国（法兰克福）", "Germany (Frankfurt)"},
	{"me-east-1", "eb3", "阿联酋（迪拜）", "UAE (Dubai)"},
}

func findRegion(id string) (region, bool) {
	for _, r := range regions {
		if r.id == id {
			return r, true
		}
	}
	return region{}, false
}

func knownRegion(id string) bool {
	_, ok := findRegion(id)
	return ok
}

// newID is the next id of a kind of resource in a region, such as m-bp1000000000001.
func (c *call) newID(kind, regionID string) string {
	r, _ := findRegion(regionID)
	id := c.tx.nextID(kind + "-" + r.infix)
	c.line.ResourceIDs = append(c.line.ResourceIDs, id)
	return id
}

type regionItem struct {
	RegionID       string `json:"RegionId"`
	RegionEndpoint string
	LocalName      string
	Status         string
}

func (c *call) describeRegions() (reply, error) {
	c.oneOf("ResourceType", "instance", "", "instance", "disk", "reservedinstance", "scu")
	c.oneOf("InstanceChargeType", "PostPaid", "", "PrePaid", "PostPaid", "SpotWithPriceLimit", "SpotAsPriceGo")
	chinese := c.text("AcceptLanguage") == "" || c.text("AcceptLanguage") == "zh-CN"
	if err := c.fault(); err != nil {
		return nil, err
	}
	items := make([]regionItem, 0, len(regions))
	for _, r := range regions {
		item := regionItem{RegionID: r.id, RegionEndpoint: "ecs." + r.id + ".aliyuncs.com", LocalName: r.enName, Status: "available"}
		if chinese {
			item.LocalName = r.zhName
		}
		items = append(items, item)
	}
	return reply{"Regions": reply{"Region": items}}, nil
}
