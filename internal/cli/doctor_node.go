// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/frontline-screening/frontline/internal/diskspace"
	"github.com/frontline-screening/frontline/internal/doctor"
)

// dialTimeout is how long a gateway may take to answer.
const dialTimeout = 20 * time.Second

// groupsFile is there where control groups are of version 2, cgroups(7).
const groupsFile = "/sys/fs/cgroup/cgroup.controllers"

func newDoctorNodeCommand() *cobra.Command {
	var output doctorOutput
	var folder, gateway string
	cmd := &cobra.Command{
		Use: "node",
		Example: `  frontline doctor node
  frontline doctor node --gateway hub.example.org:8443 --folder /var/lib`,
		Short: "Look at this machine",
		Long: "Looks at the machine it runs on, which is, or shall be, a node: run it there, as any user, before\n" +
			"Kubernetes is installed or afterwards. With --gateway it also tries the line to the hub.\n\n" + doctorExits,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.check(); err != nil {
				return err
			}
			state := doctor.State{Place: doctor.Node, Binary: readVersion().Version, Machine: gatherMachine(cmd.Context(), folder, gateway)}
			return output.print(cmd.OutOrStdout(), doctor.Examine(state))
		},
	}
	output.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&folder, "folder", "/var/lib", "folder on the volume that images and volumes are kept on")
	cmd.Flags().StringVar(&gateway, "gateway", "", "HOST:PORT of the hub's gateway; empty leaves the line out")
	return cmd
}

func gatherMachine(ctx context.Context, folder, gateway string) doctor.Machine {
	free, err := diskspace.Free(folder)
	return doctor.Machine{
		Kernel:  doctor.See(kernelRelease()),
		Groups:  doctor.See(unifiedGroups()),
		Memory:  doctor.See(machineMemory()),
		Clock:   doctor.See(machineClock()),
		Disk:    doctor.See(doctor.Disk{Folder: folder, Free: free}, err),
		Gateway: doctor.See(dialGateway(ctx, gateway)),
	}
}

func kernelRelease() (string, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return unix.ByteSliceToString(name.Release[:]), nil
}

func unifiedGroups() (bool, error) {
	_, err := os.Stat(groupsFile)
	if os.IsNotExist(err) {
		return false, nil
	}
	return err == nil, err
}

func machineMemory() (doctor.Memory, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return doctor.Memory{}, fmt.Errorf("sysinfo: %w", err)
	}
	unit := int64(info.Unit)
	return doctor.Memory{Total: int64(info.Totalram) * unit, Swap: int64(info.Totalswap) * unit}, nil //nolint:gosec // no machine has 2^63 bytes
}

// machineClock asks the kernel whether something keeps its clock right, adjtimex(2).
func machineClock() (doctor.MachineClock, error) {
	var state unix.Timex
	if _, err := unix.Adjtimex(&state); err != nil {
		return doctor.MachineClock{}, fmt.Errorf("adjtimex: %w", err)
	}
	return doctor.MachineClock{Now: time.Now(), Synchronised: state.Status&unix.STA_UNSYNC == 0, Built: built()}, nil
}

// built is the time of the commit that this command was made from.
func built() time.Time {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.time" {
			if at, err := time.Parse(time.RFC3339, setting.Value); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// dialGateway opens a connection and closes it: who the gateway is, the
// invitation proves.
func dialGateway(ctx context.Context, address string) (doctor.Gateway, error) {
	if address == "" {
		return doctor.Gateway{}, nil
	}
	begun := time.Now()
	connection, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return doctor.Gateway{Address: address}, err
	}
	return doctor.Gateway{Address: address, Took: time.Since(begun)}, connection.Close()
}
