// Package check holds the deployment files against what will read them, without a container engine or a
// cluster: the chart by Helm's own linter and renderer, what it renders by the Kubernetes types, strictly,
// and the compose file by Compose's own loader.
package check

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"helm.sh/helm/v4/pkg/chart/common"
	chartutil "helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

const chartDir = "../helm/server-playback"

// variants are values that turn on what the defaults leave off, and the other way round.
var variants = map[string]map[string]any{
	"defaults": {"redisUrl": "redis://redis:6379"},
	"one of each, bare": {
		"bridge":        map[string]any{"replicas": 1, "autoscaling": map[string]any{"enabled": false}},
		"cloud":         map[string]any{"replicas": 1},
		"networkPolicy": map[string]any{"enabled": false},
	},
	"everything": {
		"redisUrl": "rediss://redis:6379",
		"image":    map[string]any{"prefix": "registry.example/", "tag": "1", "pullSecrets": []any{map[string]any{"name": "pull"}}},
		"bridge": map[string]any{
			"env":          map[string]any{"OPUS_BITRATE": 96000, "OPUS_FEC": true},
			"nodeSelector": map[string]any{"audio": "yes"},
			"tolerations":  []any{map[string]any{"key": "audio", "operator": "Exists"}},
		},
		"cloud": map[string]any{
			"env":          map[string]any{"LOG_LEVEL": "debug"},
			"nodeSelector": map[string]any{"cloud": "yes"},
			"tolerations":  []any{map[string]any{"key": "cloud", "operator": "Exists"}},
		},
	},
}

// kinds are the types that the chart's objects are decoded into.
var kinds = map[string]func() runtime.Object{
	"apps/v1 Deployment":                     func() runtime.Object { return &appsv1.Deployment{} },
	"v1 Service":                             func() runtime.Object { return &corev1.Service{} },
	"policy/v1 PodDisruptionBudget":          func() runtime.Object { return &policyv1.PodDisruptionBudget{} },
	"autoscaling/v2 HorizontalPodAutoscaler": func() runtime.Object { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"networking.k8s.io/v1 NetworkPolicy":     func() runtime.Object { return &networkingv1.NetworkPolicy{} },
}

func TestDEPLOY1_TheChartPassesHelmsLinter(t *testing.T) {
	for name, values := range variants {
		for _, message := range lint.RunAll(chartDir, values, "default").Messages {
			if message.Severity > 1 { // above information
				t.Errorf("%s: %s: %v", name, message.Path, message.Err)
			}
		}
	}
}

func TestDEPLOY2_WhatTheChartRendersIsValidKubernetes(t *testing.T) {
	for name, values := range variants {
		objects := render(t, values)
		if len(objects) < 4 {
			t.Errorf("%s: %d objects", name, len(objects))
		}
		for _, text := range objects {
			if _, err := decode(text); err != nil {
				t.Errorf("%s: %v in\n%s", name, err, text)
			}
		}
	}
}

func TestDEPLOY3_ThePodsDrainBeforeTheyAreKilled(t *testing.T) {
	for _, text := range render(t, variants["defaults"]) {
		object, err := decode(text)
		deployment, ok := object.(*appsv1.Deployment)
		if err != nil || !ok {
			continue
		}
		pod := deployment.Spec.Template.Spec
		container := pod.Containers[0]
		if pause := container.Lifecycle.PreStop.Sleep; pause == nil || *pod.TerminationGracePeriodSeconds <= pause.Seconds {
			t.Errorf("%s: no time to drain", deployment.Name)
		}
		if container.ReadinessProbe.HTTPGet.Path != "/readyz" || container.LivenessProbe.HTTPGet.Path != "/healthz" {
			t.Errorf("%s: wrong probes", deployment.Name)
		}
		if !*pod.SecurityContext.RunAsNonRoot || *container.SecurityContext.AllowPrivilegeEscalation {
			t.Errorf("%s: may be root", deployment.Name)
		}
		if len(pod.TopologySpreadConstraints) != 2 {
			t.Errorf("%s: is not spread", deployment.Name)
		}
	}
}

func TestDEPLOY4_WrongValuesAreRefused(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"an unknown value":         {"brigde": map[string]any{}},
		"a number that is text":    {"bridge": map[string]any{"maxStreams": "many"}},
		"a URL that is none":       {"livekit": map[string]any{"url": "livekit"}},
		"two clouds, and no Redis": {"cloud": map[string]any{"replicas": 2}},
		"a lower-case variable":    {"bridge": map[string]any{"env": map[string]any{"opus": "1"}}},
		"a Redis that is no Redis": {"redisUrl": "http://redis"},
		"a drain of negative time": {"bridge": map[string]any{"drainSeconds": -1}},
	} {
		if name != "two clouds, and no Redis" && values["redisUrl"] == nil {
			values["redisUrl"] = "redis://redis:6379"
		}
		if _, err := tryRender(values); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestDEPLOY5_TheComposeFileIsLoadedByCompose(t *testing.T) {
	project := compose(t, requiredEnv...)
	want := []string{"bridge-1", "bridge-2", "cloud", "grafana", "livekit", "prometheus", "redis"}
	if got := slices.Sorted(maps.Keys(project.Services)); !slices.Equal(got, want) {
		t.Errorf("services %v, want %v", got, want)
	}
	for name, service := range project.Services {
		if service.Build != nil {
			dockerfile := filepath.Join(service.Build.Context, service.Build.Dockerfile)
			if _, err := os.Stat(dockerfile); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestDEPLOY6_EverySecretIsAskedFor(t *testing.T) {
	for i, missing := range requiredEnv {
		rest := slices.Delete(slices.Clone(requiredEnv), i, i+1)
		if _, err := loadCompose(rest...); err == nil {
			t.Errorf("started without %s", missing)
		}
	}
}

var requiredEnv = []string{
	"LIVEKIT_API_KEY=key", "LIVEKIT_API_SECRET=secret", "BRIDGE_SHARED_SECRET=secret",
	"GLASSES_JWT_SECRET=secret", "GRAFANA_PASSWORD=secret",
}

func compose(t *testing.T, env ...string) *types.Project {
	t.Helper()
	project, err := loadCompose(env...)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func loadCompose(env ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{"../compose.yaml"}, cli.WithEnv(env), cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	return cli.ProjectFromOptions(context.Background(), options)
}

func render(t *testing.T, values map[string]any) []string {
	t.Helper()
	objects, err := tryRender(values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// tryRender gives the chart's objects, each as YAML.
func tryRender(values map[string]any) ([]string, error) {
	chart, err := loader.Load(chartDir)
	if err != nil {
		return nil, err
	}
	release := common.ReleaseOptions{Name: "test", Namespace: "default", IsInstall: true, Revision: 1}
	top, err := chartutil.ToRenderValues(chart, values, release, nil)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, top)
	if err != nil {
		return nil, err
	}
	var objects []string
	for name, text := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for object := range strings.SplitSeq(text, "\n---\n") {
			if strings.TrimSpace(object) != "" {
				objects = append(objects, object)
			}
		}
	}
	return objects, nil
}

// decode reads an object into its type; a field that the type has not is an error.
func decode(text string) (runtime.Object, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		return nil, err
	}
	makeObject, known := kinds[head.APIVersion+" "+head.Kind]
	if !known {
		return nil, fmt.Errorf("unexpected object %s %s", head.APIVersion, head.Kind)
	}
	object := makeObject()
	return object, yaml.UnmarshalStrict([]byte(text), object)
}
