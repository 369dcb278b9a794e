package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/object"
)

// complete teaches a command tree what shells complete: values of the flags that
// mean the same in every verb, and object files for arguments that are some. What a
// verb completes itself it goes on completing.
func (a *app) complete(root *cobra.Command) {
	values := map[string]cobra.CompletionFunc{
		"prog":     completeProgram,
		"set":      completeSetting,
		"map-size": completeMapSize,
		"target":   a.completeTarget,
		"type":     completeWords("xdp", "tc"),
		"level":    completeWords("default", "plain"),
		"pcap":     completeFiles("pcap", "pcapng", "gz", "zst"),
		"baseline": completeFiles("json"), "expect": completeFiles("json"), "routes": completeFiles("json"), "map-init": completeFiles("json"),
		"only": completeFeature, "without": completeFeature,
		"netns": completeNamespace,
	}
	for flag, complete := range values {
		if root.Flags().Lookup(flag) != nil {
			// An error says that the verb has its own.
			_ = root.RegisterFlagCompletionFunc(flag, complete)
		}
	}
	if root.ValidArgsFunction == nil && root.Runnable() && strings.Contains(root.Use, "OBJ") {
		root.ValidArgsFunction = completeFiles("o", "elf", "nfp")
	}
	for _, verb := range root.Commands() {
		a.complete(verb)
	}
}

// completeFiles completes with files whose names end so; folders lead to more.
func completeFiles(extensions ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// given returns the object among the arguments, nil where there is none yet.
func given(args []string) *object.Object {
	for i := len(args) - 1; i >= 0; i-- {
		if info, err := os.Stat(args[i]); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if obj, err := object.Load(args[i], object.Options{}); err == nil {
			return obj
		}
	}
	return nil
}

// completeProgram completes with the programs of the object.
func completeProgram(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if obj := given(args); obj != nil {
		for _, p := range obj.Programs {
			names = append(names, p.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeMapSize completes with the maps of the object, as NAME=.
func completeMapSize(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if obj := given(args); obj != nil {
		for _, m := range obj.Maps {
			if !strings.HasPrefix(m.Name, ".") {
				names = append(names, m.Name+"=")
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeSetting completes with the settings of the object (`const volatile`), as NAME=.
func completeSetting(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if obj := given(args); obj != nil {
		for _, m := range obj.Maps {
			for _, s := range m.Settings {
				names = append(names, s.Name+"=")
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeTarget completes with the targets that are built in, and files.
func (a *app) completeTarget(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return a.targetNames(), cobra.ShellCompDirectiveDefault
}

// completeFeature completes the last of the features that commas join.
func completeFeature(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	var out []string
	for _, name := range strings.Split(gen.AllFeatures.String(), ",") {
		out = append(out, before+name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeNamespace completes with the network namespaces that have names.
func completeNamespace(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	paths, err := filepath.Glob("/var/run/netns/*")
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names, cobra.ShellCompDirectiveDefault
}
