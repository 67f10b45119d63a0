// SPDX-License-Identifier: Apache-2.0

package front

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
)

const (
	// batchWindow is how many requests of one batch are on their way at once.
	batchWindow = 8
	// batchIdle is how long a batch may stand still, at either end.
	batchIdle = time.Minute
)

// line is what one request of a batch became: an answer or a problem.
type line struct {
	answer  screen.Answer
	problem *problem
	took    time.Duration
}

// refusal stands in the place of an answer.
type refusal struct {
	Error string `json:"error"`
}

// handleBatch answers JSON lines: one request a line, one answer a line, in the
// same order, while the requests still come. In the place of a line that is
// refused stands {"error": SENTENCE}. Empty lines are passed over.
func (f *Front) handleBatch(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	// HTTP/2 answers while it reads in any case; an HTTP/1.1 server must be told.
	_ = control.EnableFullDuplex()
	w.Header().Set("Content-Type", "application/x-ndjson")

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	slots := make(chan chan line, batchWindow)
	go func() {
		defer close(slots)
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(make([]byte, 0, 64<<10), screen.MaxRequestBytes+1)
		place := func() (chan line, bool) {
			slot := make(chan line, 1)
			select {
			case slots <- slot:
				return slot, true
			case <-ctx.Done():
				return nil, false
			}
		}
		for next(lines, control) {
			data := bytes.TrimSpace(lines.Bytes())
			if len(data) == 0 {
				continue
			}
			slot, ok := place()
			if !ok {
				return
			}
			data = bytes.Clone(data)
			go func() { slot <- f.line(ctx, data) }()
		}
		if errors.Is(lines.Err(), bufio.ErrTooLong) {
			if slot, ok := place(); ok {
				slot <- line{problem: newProblem(http.StatusRequestEntityTooLarge, "The line is larger than 1 MiB; the batch ends here.")}
			}
		}
	}()

	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for slot := range slots {
		l := <-slot
		_ = control.SetWriteDeadline(time.Now().Add(batchIdle))
		var err error
		if l.problem != nil {
			f.metrics.refused(l.problem.Status)
			err = encoder.Encode(refusal{Error: l.problem.Detail})
		} else {
			f.metrics.answered(l.answer, l.took)
			err = encoder.Encode(l.answer)
		}
		if err == nil && len(slots) == 0 {
			err = control.Flush()
		}
		if err != nil {
			// The client is gone: end the reader, wherever it waits.
			cancel()
			_ = control.SetReadDeadline(time.Now())
			for range slots {
			}
			return
		}
	}
}

// next moves the read deadline and reads a line.
func next(lines *bufio.Scanner, control *http.ResponseController) bool {
	_ = control.SetReadDeadline(time.Now().Add(batchIdle))
	return lines.Scan()
}

func (f *Front) line(ctx context.Context, data []byte) line {
	started := time.Now()
	req, err := screen.ParseRequest(data)
	if err != nil {
		return line{problem: newProblem(http.StatusBadRequest, err.Error())}
	}
	answer, p := f.screen(ctx, req)
	return line{answer: answer, problem: p, took: time.Since(started)}
}
