package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Check refuses settings that contradict each other and names of modules, and
// options of theirs, that do not exist. The error is a config.UsageError.
func (s *Settings) Check() error {
	err := errors.Join(s.takeSensor(), s.checkData(), s.checkTraining(), s.checkRelease(), s.checkName(), s.checkModules())
	if err != nil {
		return &config.UsageError{Err: err}
	}
	return nil
}

func (s *Settings) checkData() error {
	var errs []error
	if len(s.Datasets) == 0 {
		errs = append(errs, errors.New("no dataset: want at least one in --dataset"))
	}
	seen := map[string]bool{}
	for _, entry := range s.Datasets {
		name, module := dataset.CutName(entry)
		if seen[name] {
			errs = append(errs, fmt.Errorf("dataset %s is given twice: want a name for each, as in a=%[2]s,b=%[2]s, and a folder for each, --data-dir a=DIR,b=DIR", name, module))
		}
		seen[name] = true
	}
	if f, _ := imaging.ParseFraction(s.CropFraction); f != 0 && s.Resize != imaging.Crop {
		errs = append(errs, fmt.Errorf("--crop-fraction %s says what to crop: want --resize %s with it, not %s", s.CropFraction, imaging.Crop, s.Resize))
	}
	if s.KeepSize != "" && !s.TakesParts() {
		errs = append(errs, fmt.Errorf("--keep-size %s says what parts of images are taken of: want --augment random-resized-crop with it", s.KeepSize))
	}
	if s.Sensor == "" && !s.SensorTrain {
		errs = append(errs, errors.New("--sensor-train=false says what is trained on where there is a sensor: want --sensor with it"))
	}
	return errors.Join(append(errs, s.CheckDataDirs(), s.checkDrawn(), s.checkDatasetOptions())...)
}

// checkDrawn refuses a flag with the place of data where no dataset was chosen, and the
// default is one that reads no files: the model would be trained on other data than was
// meant.
func (s *Settings) checkDrawn() error {
	chosen := s.Origins["dataset"] != config.OriginDefault && !strings.HasPrefix(s.Origins["dataset"], ".env")
	reads := func(module string) bool { return !dataset.Drawn(module) }
	if len(s.DataDirs) == 0 || s.Origins["data-dir"] != config.OriginFlag || chosen || slices.ContainsFunc(s.DatasetModules(), reads) {
		return nil
	}
	return fmt.Errorf("--data-dir is not used by the dataset %s, whose images are drawn: want --dataset folder for images in folders, --dataset list for a list of images, or another that 'blocktrain list dataset' shows", strings.Join(s.DatasetNames(), ","))
}

// CheckDataDirs refuses entries of --data-dir that name no dataset of the run, or one twice.
func (s *Settings) CheckDataDirs() error {
	seen := map[string]bool{}
	for _, entry := range s.DataDirs {
		name, dir, named := rundir.CutDataDir(entry)
		switch {
		case dir == "":
			return fmt.Errorf("--data-dir %s: the folder is missing", entry)
		case named && !slices.Contains(s.DatasetNames(), name):
			return fmt.Errorf("--data-dir %s: %s is not among the datasets %s", entry, name, strings.Join(s.DatasetNames(), ", "))
		case seen[name] && named:
			return fmt.Errorf("--data-dir names two folders for %s", name)
		case seen[name]:
			return errors.New("--data-dir names two folders: want NAME=DIR for all but one; two are joined by --dataset a=folder,b=folder --data-dir a=DIR,b=DIR")
		}
		seen[name] = true
	}
	return nil
}

func (s *Settings) checkDatasetOptions() error {
	for _, entry := range s.DatasetOptions {
		name, _, prefixed := cutPrefix(entry)
		switch {
		case prefixed && !slices.Contains(s.DatasetNames(), name):
			return fmt.Errorf("--dataset-options %s: %s is not among the datasets %s", entry, name, strings.Join(s.DatasetNames(), ", "))
		case !prefixed && len(s.Datasets) > 1:
			return fmt.Errorf("--dataset-options %s: want NAME:key=value where there are several datasets", entry)
		}
	}
	return nil
}

func (s *Settings) checkTraining() error {
	var errs []error
	if len(s.Freeze) > 0 && s.InitFrom == "" {
		errs = append(errs, errors.New("--freeze keeps weights as they are: want --init-from to give them values"))
	}
	return errors.Join(append(errs, s.checkPhases())...)
}

func (s *Settings) checkRelease() error {
	switch {
	case s.Force && strings.TrimSpace(s.Reason) == "":
		return errors.New("--force needs --reason TEXT, which is kept with the release")
	case !s.Force && s.Reason != "":
		return errors.New("--reason says why a release is forced: want --force with it")
	case s.MinSensorAccuracy > 0 && s.Sensor == "":
		return errors.New("--min-sensor-accuracy is of what a sensor shows: want --sensor PROFILE, of the camera that the model is meant for")
	case len(s.Criteria) == 0:
		return errors.New("no criteria: a model that nothing is asked of cannot be approved")
	case s.Baseline == "" && slices.ContainsFunc(s.Criteria, isNoRegression):
		return errors.New("criterion no_regression compares with another model: want --baseline RUN|PACKAGE")
	}
	return nil
}

// longestName bounds the name of a model, of which names of files are made.
const longestName = 128

// checkName refuses a name, given or made of dataset and model, that no file of the
// package could have.
func (s *Settings) checkName() error {
	if name := s.ReleaseName(); len(name) > longestName {
		return fmt.Errorf("the model's name %.20s... has %d characters: want at most %d; --name gives another", name, len(name), longestName)
	}
	return nil
}

func isNoRegression(criterion string) bool {
	name, _, _ := strings.Cut(criterion, ":")
	return name == NoRegression
}

// takeSensor puts the text of the profile in place of its name or path, so that a run does not
// depend on a file that may change.
func (s *Settings) takeSensor() error {
	if s.Sensor == "" {
		return nil
	}
	p, err := loadSensor(s.Sensor)
	if err != nil {
		return err
	}
	s.Sensor, err = p.Line()
	return err
}
