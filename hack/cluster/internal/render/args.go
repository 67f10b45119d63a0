// SPDX-License-Identifier: Apache-2.0

package render

import "strconv"

// The names of a cluster's components: those a test may stop and start.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Containerd        = "containerd"
	Kubelet           = "kubelet"
	Proxy             = "kube-proxy"
)

// etcdURL is where etcd listens, inside the cluster's network namespace.
const etcdURL = "http://127.0.0.1:2379"

// Args returns the arguments of a component's program.
func (l Layout) Args(component string) []string {
	switch component {
	case Etcd:
		return l.etcd()
	case APIServer:
		return l.apiServer()
	case ControllerManager:
		return l.controllerManager()
	case Scheduler:
		return []string{"--kubeconfig", l.Config(Scheduler + ".kubeconfig"), "--leader-elect=false", "--bind-address=127.0.0.1"}
	case Containerd:
		return []string{"--config", l.Config("containerd.toml")}
	case Kubelet:
		return l.kubelet()
	case Proxy:
		return l.proxy()
	default:
		return nil
	}
}

func (l Layout) etcd() []string {
	return []string{
		"--name=" + l.Name,
		"--data-dir=" + l.Data("etcd"),
		"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=" + l.Name + "=http://127.0.0.1:2380",
		"--log-level=warn",
	}
}

func (l Layout) apiServer() []string {
	return []string{
		"--etcd-servers=" + etcdURL,
		"--advertise-address=" + l.Plan.Node.String(),
		"--secure-port=" + APIPort,
		"--service-cluster-ip-range=" + l.Plan.Services.String(),
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--client-ca-file=" + l.PKI("ca.crt"),
		"--tls-cert-file=" + l.PKI("apiserver.crt"), "--tls-private-key-file=" + l.PKI("apiserver.key"),
		"--kubelet-certificate-authority=" + l.PKI("ca.crt"),
		"--kubelet-client-certificate=" + l.PKI("apiserver-kubelet.crt"), "--kubelet-client-key=" + l.PKI("apiserver-kubelet.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc." + ClusterDomain,
		"--service-account-key-file=" + l.PKI("sa.pub"), "--service-account-signing-key-file=" + l.PKI("sa.key"),
		"--audit-policy-file=" + l.Config("audit-policy.yaml"),
		"--audit-log-path=" + l.AuditLog(),
		// In megabytes: tests count what is in this one file, so it must not rotate.
		"--audit-log-maxsize=8192",
	}
}

// controllerManager, like the scheduler, elects no leader: it is alone, and
// one that lost a lease would end while a test has the API server stopped.
func (l Layout) controllerManager() []string {
	return []string{
		"--kubeconfig=" + l.Config(ControllerManager+".kubeconfig"),
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		// It makes an account for each of its controllers before the first starts;
		// at the default rate that alone takes five seconds.
		"--kube-api-qps=500", "--kube-api-burst=1000",
		// A node that became Ready takes pods after one such period.
		"--node-monitor-period=1s",
		"--allocate-node-cidrs=true", "--cluster-cidr=" + l.Plan.Pods.String(),
		"--node-cidr-mask-size=" + strconv.Itoa(l.Plan.Pods.Bits()),
		"--service-cluster-ip-range=" + l.Plan.Services.String(),
		"--cluster-signing-cert-file=" + l.PKI("ca.crt"), "--cluster-signing-key-file=" + l.PKI("ca.key"),
		"--root-ca-file=" + l.PKI("ca.crt"),
		"--service-account-private-key-file=" + l.PKI("sa.key"),
		"--use-service-account-credentials=true",
	}
}

func (l Layout) kubelet() []string {
	return []string{
		"--config=" + l.Config("kubelet.yaml"),
		"--kubeconfig=" + l.Config(Kubelet+".kubeconfig"),
		"--root-dir=" + l.Data("kubelet"),
		"--cert-dir=" + l.Data("kubelet") + "/pki",
		"--hostname-override=" + l.NodeName(),
		"--node-ip=" + l.Plan.Node.String(),
	}
}

// proxy leaves the connection tracking limits alone: they belong to the host
// and cannot be written from a network namespace.
func (l Layout) proxy() []string {
	return []string{
		"--kubeconfig=" + l.Config(Proxy+".kubeconfig"),
		"--hostname-override=" + l.NodeName(),
		"--proxy-mode=nftables",
		"--cluster-cidr=" + l.Plan.Pods.String(),
		"--conntrack-max-per-core=0",
		"--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
		"--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249",
		"--oom-score-adj=0",
	}
}
