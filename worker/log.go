package worker

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"

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

// LogLevels are the levels of a log: from the first on, or none at all.
var LogLevels = []string{"debug", "info", "warn", "error", logNever}

const logNever = "never"

// NewLogger writes one line a message in a format, from a level of LogLevels on.
func NewLogger(w io.Writer, format, level string) (*zap.Logger, error) {
	if level == logNever {
		return zap.NewNop(), nil
	}
	from, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level %q is none of %s", level, strings.Join(LogLevels, ", "))
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

// temporalLogger puts zap behind the SDK's logger, without the stack traces that
// zapslog adds to errors: they show the SDK, whatever failed.
func temporalLogger(logger *zap.Logger) log.Logger {
	noStack := zapslog.AddStacktraceAt(slog.Level(math.MaxInt))
	return log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core(), noStack)))
}
