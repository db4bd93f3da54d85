package serve

import (
	"net/http"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/serve/lazyjson"
)

// What a server says about itself and its model.

func (s *Server) live(w http.ResponseWriter, _ *http.Request, _ address) { answer(w, typePlain, nil) }

// ready says no as soon as the server was asked to end.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request, _ address) {
	if s.ending.Load() {
		send(w, http.StatusBadRequest, typePlain, nil)
		return
	}
	answer(w, typePlain, nil)
}

// extensions are those of the protocol that this server has.
var extensions = []string{"classification", "model_repository", "model_configuration", "binary_tensor_data", "parameters", "statistics", "trace", "logging"}

func (s *Server) about(w http.ResponseWriter, _ *http.Request, _ address) {
	answerJSON(w, struct {
		Name       string   `json:"name"`
		Version    string   `json:"version"`
		Extensions []string `json:"extensions"`
	}{"blocktrain", buildinfo.Get().Version, extensions})
}

func (s *Server) modelMetadata(w http.ResponseWriter, _ *http.Request, to address) {
	s.describe(w, to, s.model.metadata())
}

func (s *Server) modelConfig(w http.ResponseWriter, _ *http.Request, to address) {
	s.describe(w, to, s.model.config())
}

func (s *Server) describe(w http.ResponseWriter, to address, v any) {
	if err := s.find(to); err != nil {
		refuse(w, typeJSON, err)
		return
	}
	answerJSON(w, v)
}

func (s *Server) modelReady(w http.ResponseWriter, _ *http.Request, to address) {
	known, err := s.knows(to)
	switch {
	case err != nil:
		refuse(w, typePlain, err)
	case !known || s.ending.Load():
		refuse(w, typePlain, invalid("Model version not ready"))
	default:
		answer(w, typePlain, nil)
	}
}

type statisticsAnswer struct {
	Models []modelStatistics `json:"model_stats"`
}

func (s *Server) allStatistics(w http.ResponseWriter, _ *http.Request, _ address) {
	all, _, _ := s.stats.snapshot()
	answerJSON(w, statisticsAnswer{[]modelStatistics{all}})
}

func (s *Server) modelStatistics(w http.ResponseWriter, r *http.Request, to address) {
	known, err := s.knows(to)
	switch {
	case err != nil:
		refuse(w, typeJSON, err)
	case to.model != s.model.Name:
		refuse(w, typeJSON, invalid("requested model '%s' is not available", to.model))
	case !known:
		refuse(w, typeJSON, invalid("requested model version is not available for model '%s'", to.model))
	default:
		s.allStatistics(w, r, to)
	}
}

type indexed struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	State   string `json:"state"`
}

// maxControl bounds the bodies of requests that are not for results.
const maxControl = 1 << 16

// index lists the model, whether or not those are asked for alone that are ready.
func (s *Server) index(w http.ResponseWriter, r *http.Request, _ address) {
	held := s.memory.Holding()
	defer held.Release()
	body, err := s.readAll(http.MaxBytesReader(w, r.Body, maxControl), held, 0)
	if err != nil {
		refuse(w, typeJSON, unreadBody(err))
		return
	}
	if len(body) > 0 {
		asked, err := lazyjson.Parse(body)
		if err != nil {
			refuse(w, typeJSON, misread("failed to parse the request JSON buffer: %v", err))
			return
		}
		if ready := asked.Members().Find("ready"); ready != nil {
			if _, err := readBool("ready", ready); err != nil {
				refuse(w, typeJSON, err)
				return
			}
		}
	}
	answerJSON(w, []indexed{{s.model.Name, version, "READY"}})
}

// load refuses to load and to unload: a server is for the package that it was started with.
func (s *Server) load(w http.ResponseWriter, _ *http.Request, _ address) {
	refuse(w, typeJSON, &failure{http.StatusServiceUnavailable, "explicit model load / unload is not allowed if polling is enabled"})
}

// The settings that Triton lets clients change are fixed here.

func (s *Server) logging(w http.ResponseWriter, _ *http.Request, _ address) {
	answer(w, typeJSON, []byte(`{"log_file":"","log_info":true,"log_warning":true,"log_error":true,"log_verbose_level":0,"log_format":"default"}`))
}

func (s *Server) trace(w http.ResponseWriter, _ *http.Request, to address) {
	if to.model != "" {
		if err := s.find(to); err != nil {
			refuse(w, typeJSON, err)
			return
		}
	}
	answer(w, typeJSON, []byte(`{"trace_level":["OFF"],"trace_rate":"1000","trace_count":"-1","log_frequency":"0","trace_file":"","trace_mode":"triton"}`))
}

func (s *Server) sharedMemory(w http.ResponseWriter, _ *http.Request, _ address) {
	answer(w, typeJSON, []byte("[]"))
}
