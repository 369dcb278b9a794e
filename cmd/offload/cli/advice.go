package cli

import (
	"errors"
	"strings"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// adviceWords turns the libraries' advice into what to type. CMD stands for
// the command's name, DEV for the device's.
var adviceWords = map[offload.Advice]string{
	offload.AdviseList:          "`CMD dev list` shows what there is",
	offload.AdviseShow:          "`CMD show` tells what is attached",
	offload.AdviseShowRetry:     "look at `CMD show` and try again",
	offload.AdviseAttach:        "`CMD attach` puts a first program there, `CMD show DEV` lists what is attached",
	offload.AdviseReplace:       "use `CMD replace`, or attach with --force",
	offload.AdviseReplaceOrMove: "use `CMD replace`, attach with --force, or choose another --pref or --handle",
	offload.AdviseDetachTC:      "detach it with `CMD detach --tc`",
	offload.AdviseDetachOther:   "`CMD show` tells which, detach it first or replace that one with its --pref and --handle",
	offload.AdviseName:          "name one with --xdp, --tc, --mode, --pref or --handle, or take --all",
	offload.AdviseHardware:      "attach it with --mode hw",
	offload.AdviseNotDriver:     "use --mode skb or hw",
	offload.AdviseHostMode:      "`CMD dev list` shows those that can, and --mode drv, skb or skip_hw run it on the host",
	offload.AdviseType:          "say --xdp or --tc",
	offload.AdviseProgram:       "name one with --prog",
	offload.AdvisePref:          "choose another with --pref",
	offload.AdviseNoProtocol:    "leave out --protocol",
	offload.AdviseNoChain:       "leave out --chain",
	offload.AdviseTCOffload:     "turn it on with `CMD dev set DEV hw-tc-offload on`",
	offload.AdviseFeatures:      "`CMD features DEV` shows what it takes and its limits",
	offload.AdviseCheck:         "`CMD check` tells the limit",
	offload.AdvisePrograms:      "`CMD prog list` shows all",
	offload.AdvisePinElsewhere:  "take another folder, or attach with --force or --fresh",
	offload.AdviseDropMap:       "pass --drop-map NAME if its contents may go",
	offload.AdviseEnd:           "give the entry another program or none (offload map update MAP KEY VALUE), or make all maps new with --fresh",
	offload.AdviseSlot:          "fill the slots with --slot MAP[INDEX]=PROGRAM, or make all maps new with --fresh",
	offload.AdvisePinFresh:      "make a new map with --fresh, which renames the pin of the old one",
}

// advice returns the words for an error's advice, "" for none.
func (a *app) advice(err error) string {
	dev := a.device
	if dev == "" {
		dev = "DEV"
	}
	words := adviceWords[offload.AdviceOf(err)]
	var unsafe *verify.Error
	switch {
	case words != "":
	case errors.As(err, &unsafe):
		return unsafe.Hint
	case errors.Is(err, object.ErrSeveral):
		words = "name it with --prog"
	case errors.Is(err, object.ErrNoType) && a.typed:
		words = "say which with --type"
	case errors.Is(err, object.ErrNoType):
		words = adviceWords[offload.AdviseType]
	}
	return strings.NewReplacer("CMD", a.name, "DEV", dev).Replace(words)
}
