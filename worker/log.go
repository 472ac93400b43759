package worker

import (
	"fmt"
	"io"
	"log/slog"

	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// The log formats.
const (
	LogJSON    = "json"
	LogConsole = "console"
)

// NewLogger writes one line a message in a format, from a level (debug, info, warn,
// error) on.
func NewLogger(w io.Writer, format, level string) (*zap.Logger, error) {
	from, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.ISO8601TimeEncoder
	encoder.EncodeDuration = zapcore.StringDurationEncoder
	sink := zapcore.Lock(zapcore.AddSync(w))
	switch format {
	case LogJSON:
		return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), sink, from)), nil
	case LogConsole:
		encoder.EncodeLevel = zapcore.CapitalLevelEncoder
		return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(encoder), sink, from)), nil
	default:
		return nil, fmt.Errorf("log format %q is neither json nor console", format)
	}
}

// temporalLogger puts zap behind the SDK's logger.
func temporalLogger(logger *zap.Logger) log.Logger {
	return log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core())))
}
