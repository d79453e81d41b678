//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// diskSize is that of the small disk on which SQLite's data lies, so that it can be filled.
const diskSize = "192m"

// mountDisk puts a small disk of its own under the data directory. Only root can.
func (w *world) mountDisk() error {
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0700,size="+diskSize, "daypass-fault", w.data).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	w.disk = true
	return nil
}

func (w *world) unmountDisk() error {
	if !w.disk {
		return nil
	}
	w.disk = false
	return exec.Command("umount", "-l", w.data).Run()
}

// fillDisk leaves no room on the disk for a while. The server is started anew first, because its log of SQLite grows again
// then; one that has grown is written over in place and needs no room.
func (c *chaos) fillDisk(ctx context.Context) error {
	n := c.w.nodes[0]
	return c.outage(ctx, "disk full", func() error {
		if err := errors.Join(n.stop(), n.start(), n.awaitReady(ctx)); err != nil {
			return err
		}
		filler := filepath.Join(c.w.data, "filler")
		if err := fill(filler); err != nil {
			return err
		}
		sleep(ctx, time.Second/2+time.Duration(c.rng.Int64N(int64(time.Second))))
		return os.Remove(filler)
	})
}

// fill writes until there is no room.
func fill(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for _, size := range []int{1 << 20, 1 << 12} {
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		err = nil
	}
	return nil
}
