// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Extend returns the list with one synthetic person more, so that a real list
// has a changed version to publish.
func Extend(format watchlist.Format, list []byte) ([]byte, error) {
	switch format {
	case watchlist.UNXML:
		const end = "</INDIVIDUALS>"
		const person = `<INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>Zyndrick</FIRST_NAME><SECOND_NAME>Olvantor</SECOND_NAME>` +
			`<UN_LIST_TYPE>SYNTHETIC</UN_LIST_TYPE><REFERENCE_NUMBER>SYi.900</REFERENCE_NUMBER></INDIVIDUAL>`
		at := bytes.LastIndex(list, []byte(end))
		if at < 0 {
			return nil, errors.New("extend the list: it has no </INDIVIDUALS>")
		}
		return bytes.Join([][]byte{list[:at], []byte(person), list[at:]}, nil), nil
	case watchlist.FrontlineJSONL:
		return append(bytes.TrimRight(list, "\n"), []byte("\n"+`{"id":"SYi.900","type":"Person","names":[{"full":"Zyndrick Olvantor"}]}`+"\n")...), nil
	case watchlist.OFACCSV:
		return extendArchive(list, "sdn.csv",
			"\r\n"+`9999999,"OLVANTOR, Zyndrick","individual","SYNTHETIC",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- `+"\r\n")
	default:
		return nil, fmt.Errorf("extend the list: format %s has no example of a change; name a second list", format)
	}
}

// extendArchive appends text to one file of a tar.
func extendArchive(archive []byte, name, text string) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("extend the list: %w", err)
		}
		data, err := io.ReadAll(reader)
		if err != nil {
			return nil, fmt.Errorf("extend the list: %w", err)
		}
		if header.Name == name {
			// 0x1A ends the files as published.
			data = append(bytes.TrimRight(data, "\r\n\x1a"), text...)
			header.Size = int64(len(data))
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("extend the list: %w", err)
		}
		if _, err := writer.Write(data); err != nil {
			return nil, fmt.Errorf("extend the list: %w", err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("extend the list: %w", err)
	}
	return out.Bytes(), nil
}
