package sim

import (
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// How a cabinet is filled. A liquid-cooled one (Cray EX) has 8 chassis of 8
// slots, with 2 boards of 2 nodes in each; an air-cooled one has 21 servers of 2
// units, with 2 nodes in each.
const (
	chassis, slots, boards, nodes = 8, 8, 2, 2
	perLiquidCooled               = chassis * slots * boards * nodes
	servers                       = 21
	perAirCooled                  = servers * nodes
	firstLiquidCooled             = 1000
	firstAirCooled                = 3000
	mostAirCooled                 = 8 * perAirCooled
)

// liquidCooled is how many of n components are in liquid-cooled cabinets.
func liquidCooled(n int) int { return n - min(share(n, 4), mostAirCooled) }

// share is a percentage of n, rounded down.
func share(n, percent int) int { return n * percent / 100 }

// xnames names n components, the liquid-cooled ones first.
func xnames(n int) []string {
	ids := make([]string, 0, n)
	for i := range liquidCooled(n) {
		cabinet, i := i/perLiquidCooled, i%perLiquidCooled
		ids = append(ids, fmt.Sprintf("x%dc%ds%db%dn%d", firstLiquidCooled+cabinet,
			i/(slots*boards*nodes), i/(boards*nodes)%slots, i/nodes%boards, i%nodes))
	}
	for i := range n - len(ids) {
		cabinet, i := i/perAirCooled, i%perAirCooled
		ids = append(ids, fmt.Sprintf("x%dc0s%db0n%d", firstAirCooled+cabinet, 1+i/nodes*2, i%nodes))
	}
	return ids
}

// image is what components boot: made once, shared by all their records.
type image struct {
	artifacts     *bos.BootArtifactsPatch
	configuration *string
}

// newImage makes up an image of a release, such as compute 24.7.2.
func (w *world) newImage(kind, release string) *image {
	root := "s3://boot-images/" + w.uuid()
	return &image{
		artifacts: &bos.BootArtifactsPatch{
			Kernel: new(root + "/kernel"),
			Initrd: new(root + "/initrd"),
			KernelParameters: new("console=ttyS0,115200 bad_page=panic crashkernel=512M hugepagelist=2m-2g " +
				"intel_iommu=off ip=dhcp oops=panic pcie_ports=native rd.neednet=1 rd.retry=10 rd.shell quiet " +
				"turbo_boost_limit=999 root=sbps-s3:" + root + "/rootfs bos_update_frequency=4h"),
		},
		configuration: new(kind + "-config-" + release),
	}
}

// noImage is the desired state of a component that is to be off.
func noImage() *image {
	return &image{artifacts: noArtifacts(), configuration: new("")}
}

func noArtifacts() *bos.BootArtifactsPatch {
	return &bos.BootArtifactsPatch{Kernel: new(""), Initrd: new(""), KernelParameters: new("")}
}

// uuid makes a random (version 4) UUID.
func (w *world) uuid() string {
	high, low := w.rng.Uint64(), w.rng.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffff_ffff_ffff)
}

// retryPolicy is how often an action is tried. BOS: default_retry_policy.
const retryPolicy = 3

// initial is the whole record of a component at the beginning: switched off, with
// the desired state of an operation long past.
func (w *world) initial(c *component, i *image) bos.ComponentPatch {
	return bos.ComponentPatch{
		ID: c.id, Enabled: new(false), Error: new(""), Session: new(""), RetryPolicy: new(retryPolicy),
		Status:       &bos.StatusPatch{Phase: new(""), StatusOverride: new("")},
		DesiredState: &bos.DesiredStatePatch{BootArtifacts: i.artifacts, Configuration: i.configuration, BssToken: new(w.uuid()), LastUpdated: w.stamp},
		ActualState:  &bos.ActualStatePatch{BootArtifacts: noArtifacts(), BssToken: new(""), LastUpdated: w.stamp},
		StagedState:  &bos.StagedStatePatch{BootArtifacts: noArtifacts(), Configuration: new(""), Session: new(""), LastUpdated: w.stamp},
		LastAction:   &bos.LastActionPatch{Action: new(bos.ActionActualStateCleanup), Failed: new(false), LastUpdated: w.stamp},
		EventStats:   &bos.EventStatsPatch{PowerOnAttempts: new(0), PowerOffGracefulAttempts: new(0), PowerOffForcefulAttempts: new(0)},
	}
}
