package evidence

import (
	"bytes"
	"context"
	"log/slog"
	"time"
)

// journalLine is one line of journal.jsonl: {"time":…,"source":…,"event":…, attributes}.
func journalLine(at time.Time, source, event string, attrs []any) []byte {
	var b bytes.Buffer
	h := slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		switch {
		case len(groups) > 0:
		case a.Key == slog.LevelKey:
			return slog.Attr{}
		case a.Key == slog.MessageKey:
			a.Key = "event"
		case a.Key == slog.TimeKey:
			a.Value = slog.StringValue(at.UTC().Format(time.RFC3339Nano))
		}
		return a
	}})
	r := slog.NewRecord(at, slog.LevelInfo, event, 0)
	r.AddAttrs(slog.String("source", source))
	r.Add(attrs...)
	_ = h.Handle(context.Background(), r) // a buffer takes everything
	return b.Bytes()
}
