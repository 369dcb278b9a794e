package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// word is what a word stands for that ip, tc or bpftool has and a verb here has
// not: an argument, flags, or nothing at all.
type word struct {
	// argument: the next word is an argument of the verb.
	argument bool
	// flags are set as they stand here; one that ends in "=" takes the next word.
	flags []string
	// bytes: the words up to the next that is known are the bytes of an argument.
	bytes bool
	// is stands in the place of the word as an argument.
	is string
}

// The words of ip link and tc filter for a place and a program.
var placeWords = map[string]word{
	"dev":           {argument: true},
	"xdp":           {flags: []string{"xdp"}},
	"xdpoffload":    {flags: []string{"xdp", "mode=hw"}},
	"xdpdrv":        {flags: []string{"xdp", "mode=drv"}},
	"xdpgeneric":    {flags: []string{"xdp", "mode=skb"}},
	"skip_sw":       {flags: []string{"tc", "mode=hw"}},
	"skip_hw":       {flags: []string{"tc", "mode=skip_hw"}},
	"ingress":       {flags: []string{"tc"}},
	"bpf":           {flags: []string{"tc"}},
	"da":            {},
	"direct-action": {},
	"pref":          {flags: []string{"pref="}},
	"prio":          {flags: []string{"pref="}},
	"preference":    {flags: []string{"pref="}},
	"handle":        {flags: []string{"handle="}},
}

var attachWords = with(placeWords, map[string]word{
	"egress":      {flags: []string{"tc", "egress"}},
	"obj":         {argument: true},
	"object":      {argument: true},
	"object-file": {argument: true},
	"sec":         {flags: []string{"sec="}},
	"section":     {flags: []string{"sec="}},
	"pinned":      {flags: []string{"pinned="}},
	"object-pin":  {flags: []string{"pinned="}},
	"chain":       {flags: []string{"chain="}},
	"verb":        {flags: []string{"verbose"}},
	"verbose":     {flags: []string{"verbose"}},
})

var detachWords = with(placeWords, map[string]word{
	"off":  {},
	"none": {},
})

// The words of bpftool map.
var mapWords = map[string]word{
	"id":      {argument: true},
	"name":    {argument: true},
	"pinned":  {argument: true},
	"key":     {bytes: true},
	"value":   {bytes: true},
	"any":     {},
	"noexist": {flags: []string{"noexist"}},
	"exist":   {flags: []string{"exist"}},
}

// With obj a program is loaded, as tc graft has it.
var updateWords = with(mapWords, map[string]word{"obj": {flags: []string{"obj="}}})

// objectWords stand before what names a program or map that is a value.
var objectWords = []string{"id", "name", "pinned", "prog"}

// The words of bpftool prog dump.
var dumpWords = map[string]word{
	"xlated":  {is: "xlated"},
	"jited":   {is: "nfp"},
	"nfp":     {is: "nfp"},
	"id":      {argument: true},
	"name":    {argument: true},
	"opcodes": {flags: []string{"opcodes"}},
	"visual":  {flags: []string{"visual"}},
}

var deviceWord = map[string]word{"dev": {argument: true}}

// habits are the verbs that speak words besides arguments and flags.
var habits = map[string]map[string]word{
	"attach":     attachWords,
	"replace":    attachWords,
	"detach":     detachWords,
	"show":       deviceWord,
	"stats":      deviceWord,
	"features":   deviceWord,
	"events":     deviceWord,
	"profile":    deviceWord,
	"map list":   deviceWord,
	"map dump":   mapWords,
	"map lookup": mapWords,
	"map update": updateWords,
	"map load":   mapWords,
	"map next":   mapWords,
	"map delete": mapWords,
	"prog list":  deviceWord,
	"prog dump":  dumpWords,
}

// aliases are other names of verbs.
var aliases = map[string][]string{
	"show":      {"list", "ls"},
	"map list":  {"show", "ls"},
	"prog list": {"show", "ls"},
	"map next":  {"getnext"},
	"dev list":  {"show", "ls"},
	"map":       {"maps"},
	"prog":      {"program"},
}

// The verbs that take negative numbers as arguments.
var signed = []string{"map lookup", "map next", "map update", "map delete"}

// shielded stands before a negative number, which is no flag.
const shielded = "\x00"

// shield lets negative numbers be arguments of verbs that take them. Flags of
// those verbs take no numbers.
func shield(root *cobra.Command, args []string) []string {
	verb, _, err := root.Find(args)
	if err != nil || !slices.ContainsFunc(signed, func(path string) bool { return verb == verbAt(root, path) }) {
		return args
	}
	out := slices.Clone(args)
	for k, a := range out {
		if len(a) > 1 && a[0] == '-' && a[1] >= '0' && a[1] <= '9' {
			out[k] = shielded + a
		}
	}
	return out
}

func unshield(args []string) []string {
	out := slices.Clone(args)
	for k, a := range out {
		out[k] = strings.TrimPrefix(a, shielded)
	}
	return out
}

// with returns the words of both tables.
func with(a, b map[string]word) map[string]word {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// teach lets verbs be spoken to as ip, tc and bpftool are: names can be cut
// short, some have several, and words come in the place of flags.
func teach(root *cobra.Command) {
	cobra.EnablePrefixMatching = true
	for path, names := range aliases {
		verbAt(root, path).Aliases = names
	}
	for path, words := range habits {
		speak(verbAt(root, path), words)
	}
}

// verbAt returns the verb with a path under root.
func verbAt(root *cobra.Command, path string) *cobra.Command {
	verb, rest, err := root.Find(strings.Fields(path))
	if err != nil || len(rest) > 0 {
		panic("no verb " + path)
	}
	return verb
}

// speak lets a verb take words. Arguments that fit as they stand are not read as
// words: a device may be named dev.
func speak(cmd *cobra.Command, words map[string]word) {
	check, run := cmd.Args, cmd.RunE
	var read []string
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		args = unshield(args)
		read = args
		err := check(cmd, args)
		if err == nil || !slices.ContainsFunc(args, func(a string) bool { _, ok := words[a]; return ok }) {
			return err
		}
		if read, err = readWords(cmd, args, words); err != nil {
			return err
		}
		return check(cmd, read)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd, read) }
}

// readWords turns words into flags, which it sets, and arguments, which it
// returns with those that are no words.
func readWords(cmd *cobra.Command, args []string, words map[string]word) ([]string, error) {
	var out []string
	for len(args) > 0 {
		name := args[0]
		args = args[1:]
		w, ok := words[name]
		taken := 0
		switch {
		case !ok:
			out = append(out, name)
			continue
		case w.bytes && len(args) > 1 && slices.Contains(objectWords, args[0]):
			// value pinned PATH, value id N: a program or a map
			args, taken = args[1:], 1
		case w.bytes:
			taken = slices.IndexFunc(args, func(a string) bool { _, ok := words[a]; return ok })
			if taken < 0 {
				taken = len(args)
			}
			taken = max(taken, 1)
		case w.argument || slices.ContainsFunc(w.flags, func(f string) bool { return strings.HasSuffix(f, "=") }):
			taken = 1
		}
		if taken > len(args) {
			return nil, usagef("%s needs what comes after %q", cmd.CommandPath(), name)
		}
		switch {
		case w.is != "":
			out = append(out, w.is)
		case w.bytes:
			out = append(out, joinBytes(args[:taken]))
		case w.argument:
			out = append(out, args[0])
		}
		for _, f := range w.flags {
			flag, value, valued := strings.Cut(f, "=")
			switch {
			case !valued:
				value = "true"
			case value == "":
				value = args[0]
			}
			if err := setOnce(cmd, name, flag, value); err != nil {
				return nil, err
			}
		}
		args = args[taken:]
	}
	return out, nil
}

// setOnce sets a flag that a word stands for.
func setOnce(cmd *cobra.Command, name, flag, value string) error {
	f := cmd.Flags().Lookup(flag)
	if f.Changed && f.Value.String() != value {
		return usagef("%q says --%s=%s, and it is %s already", name, flag, value, f.Value)
	}
	if err := cmd.Flags().Set(flag, value); err != nil {
		return usagef("%s %s: %w", name, value, err)
	}
	return nil
}

// joinBytes joins bytes as bpftool takes them, decimal, 0x or after "hex"
// without it, to the notation of one argument.
func joinBytes(words []string) string {
	if words[0] == "hex" && len(words) > 1 {
		return "hex:" + strings.Join(words[1:], ":")
	}
	return strings.Join(words, " ")
}
