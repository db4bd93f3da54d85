package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	kubernetesjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// checkManifests decodes each document of a file strictly, and checks what the types alone
// cannot say: that selectors, ports and volumes name something that is there.
func checkManifests(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pods := make(map[string]corev1.PodSpec) // by the label app.kubernetes.io/name
	var services []corev1.Service
	for i, document := range bytes.Split(data, []byte("\n---\n")) {
		at := fmt.Sprintf("%s: document %d", file, i+1)
		var kind struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "apps/v1 Deployment":
			var d appsv1.Deployment
			if err := decode(document, &d); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			if err := checkDeployment(&d); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			pods[d.Spec.Template.Labels[nameLabel]] = d.Spec.Template.Spec
		case "v1 Service":
			var s corev1.Service
			if err := decode(document, &s); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			services = append(services, s)
		default:
			return fmt.Errorf("%s: %s %s is not known here: add it to deploy/_check", at, kind.APIVersion, kind.Kind)
		}
		fmt.Printf("%s: %s\n", at, kind.Kind)
	}
	for _, s := range services {
		if err := checkService(&s, pods); err != nil {
			return fmt.Errorf("%s: service %s: %w", file, s.Name, err)
		}
	}
	return nil
}

// decode is how the API server decodes with fieldValidation=Strict: names of fields have their
// case, and a field that is there twice or not known is an error.
func decode(document []byte, v any) error {
	data, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	strict, err := kubernetesjson.UnmarshalStrict(data, v)
	return errors.Join(append(strict, err)...)
}

const nameLabel = "app.kubernetes.io/name"

func checkDeployment(d *appsv1.Deployment) error {
	name := d.Spec.Template.Labels[nameLabel]
	if d.Spec.Selector == nil || name == "" || d.Spec.Selector.MatchLabels[nameLabel] != name {
		return fmt.Errorf("the selector is not that of the pods' label %s", nameLabel)
	}
	pod := d.Spec.Template.Spec
	if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot {
		return errors.New("want runAsNonRoot")
	}
	volumes := make(map[string]bool)
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
		if v.Image == nil {
			continue
		}
		switch v.Image.PullPolicy {
		case corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever:
		default:
			return fmt.Errorf("volume %s: pullPolicy %q", v.Name, v.Image.PullPolicy)
		}
	}
	for _, c := range pod.Containers {
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				return fmt.Errorf("container %s mounts %s, which is no volume", c.Name, m.Name)
			}
		}
		for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
			if p != nil && p.HTTPGet != nil && !hasPort(pod, p.HTTPGet.Port.StrVal) {
				return fmt.Errorf("container %s probes port %s, which it has not", c.Name, p.HTTPGet.Port.String())
			}
		}
	}
	return nil
}

func checkService(s *corev1.Service, pods map[string]corev1.PodSpec) error {
	pod, ok := pods[s.Spec.Selector[nameLabel]]
	if !ok {
		return fmt.Errorf("selects %q, which no deployment is called", s.Spec.Selector[nameLabel])
	}
	for _, p := range s.Spec.Ports {
		if !hasPort(pod, p.TargetPort.StrVal) {
			return fmt.Errorf("port %s leads to %s, which the pod has not", p.Name, p.TargetPort.String())
		}
	}
	return nil
}

func hasPort(pod corev1.PodSpec, name string) bool {
	for _, c := range pod.Containers {
		for _, p := range c.Ports {
			if p.Name == name {
				return true
			}
		}
	}
	return false
}
