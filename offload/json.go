package offload

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/skipsw/skipsw/translate/object"
)

// AttachmentJSON is the form of an Attachment for other programs, as
// Attachment.MarshalJSON writes it. Names follow
// those of ip and tc.
type AttachmentJSON struct {
	Type     string    `json:"type"` // "xdp" or "tc"
	Mode     string    `json:"mode"`
	ID       uint32    `json:"id"`
	Tag      string    `json:"tag,omitempty"`
	Name     string    `json:"name,omitempty"`
	InHW     bool      `json:"in_hw"`
	Parent   string    `json:"parent,omitempty"` // tc: "ingress" or "egress"
	Pref     uint16    `json:"pref,omitempty"`
	Handle   string    `json:"handle,omitempty"` // hexadecimal, as tc shows it
	Chain    uint32    `json:"chain,omitempty"`
	Protocol string    `json:"protocol,omitempty"`
	Filter   string    `json:"filter,omitempty"`
	Device   string    `json:"device,omitempty"`
	Link     bool      `json:"link,omitempty"`
	Orphan   bool      `json:"orphan,omitempty"`
	LoadedAt string    `json:"loaded_at,omitempty"`
	Runs     uint64    `json:"runs,omitempty"`
	Maps     []MapInfo `json:"maps"`
	Kept     string    `json:"kept,omitempty"` // where program arrays are pinned
}

// MarshalJSON implements json.Marshaler.
func (a Attachment) MarshalJSON() ([]byte, error) {
	j := AttachmentJSON{
		Type: a.Type.String(), Mode: a.Mode.String(), ID: a.ID, Tag: a.Tag, Name: a.Name, InHW: a.InHW,
		Filter: a.Filter, Device: a.Device, Link: a.Link, Orphan: a.Orphan, Runs: a.Runs, Maps: a.Maps, Kept: a.Kept,
	}
	if j.Maps == nil {
		j.Maps = []MapInfo{}
	}
	if a.Type == object.TC {
		j.Parent, j.Pref, j.Handle, j.Chain = "ingress", a.Pref, fmt.Sprintf("%#x", a.Handle), a.Chain
		if a.Egress {
			j.Parent = "egress"
		}
		j.Protocol = "all"
		if a.Protocol != EthPAll {
			j.Protocol = fmt.Sprintf("%#04x", a.Protocol)
		}
	}
	if !a.LoadedAt.IsZero() {
		j.LoadedAt = a.LoadedAt.Format(time.RFC3339)
	}
	return json.Marshal(j)
}
