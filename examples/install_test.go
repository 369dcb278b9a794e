package examples

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const modulePath = "github.com/skipsw/skipsw"

// TestInstall installs the command by its path and version, as users do: from
// a module proxy that has this checkout, and with it what is in the local cache.
func TestInstall(t *testing.T) {
	const version = "v0.0.1-test"
	dir := t.TempDir()
	at := filepath.Join(dir, modulePath, "@v")
	require.NoError(t, os.MkdirAll(at, 0o755))
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(at, name), data, 0o644))
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Unix(0, 0).UTC()})
	require.NoError(t, err)
	write(version+".info", info)
	write("list", []byte(version+"\n"))
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	require.NotContains(t, string(mod), "replace", "go install refuses a module that replaces others")
	write(version+".mod", mod)
	f, err := os.Create(filepath.Join(at, version+".zip"))
	require.NoError(t, err)
	require.NoError(t, zip.CreateFromDir(f, module.Version{Path: modulePath, Version: version}, ".."))
	require.NoError(t, f.Close())

	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	bin := t.TempDir()
	cmd := exec.Command("go", "install", modulePath+"/cmd/offload@"+version)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(),
		"GOBIN="+bin, "GOMODCACHE="+t.TempDir(), "GOFLAGS=-modcacherw -trimpath", "GOSUMDB=off",
		fmt.Sprintf("GOPROXY=file://%s,file://%s", dir, filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, command(t, ".", 0, filepath.Join(bin, "offload"), "--version"), "offload "+version+", images of version ")
}
