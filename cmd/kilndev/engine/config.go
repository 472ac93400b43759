package engine

import (
	"strings"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	clusterName = "active"
	// clusterID is the same for every file, so that a file always finds itself.
	clusterID = "6f2a3c1e-9d4b-4b7a-8c55-1f0e6b1d9a70"
	disabled  = "disabled"
)

// settings makes a one-shard server quick: at the defaults every step of a workflow
// takes 50 ms and every timer at least a second. A queue keeps what it has done until it
// acknowledges it, and goes through that as new tasks come: at the default of 30 s this was
// at times a third of the server's work under load.
var settings = dynamicconfig.StaticClient{
	dynamicconfig.TransferProcessorMaxPollRPS.Key():          1000,
	dynamicconfig.TimerProcessorMaxPollRPS.Key():             1000,
	dynamicconfig.TimerProcessorMaxTimeShift.Key():           10 * time.Millisecond,
	dynamicconfig.TransferProcessorUpdateAckInterval.Key():   2 * time.Second,
	dynamicconfig.VisibilityProcessorUpdateAckInterval.Key(): 2 * time.Second,
	dynamicconfig.FrontendPersistenceMaxQPS.Key():            10000,
	dynamicconfig.HistoryPersistenceMaxQPS.Key():             45000,
}

// database is where the server keeps its state.
type database struct {
	name   string // file, or name in memory
	memory bool
}

func (d database) config() *config.SQL {
	attributes := map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "2"}
	if d.memory {
		attributes = map[string]string{"mode": "memory", "cache": "shared"}
	}
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      uriPath(d.name),
		ConnectAttributes: attributes,
	}
}

// uriPath writes a file name as SQLite's file: URIs need it.
func uriPath(name string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(name)
}

func serverOptions(db database, ports ports, logger *zap.Logger) []temporal.ServerOption {
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, port := range ports.byService() {
		hosts[name] = static.SingleLocalHost(loopback(port))
	}
	return []temporal.ServerOption{
		temporal.WithConfig(serverConfig(db, ports)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(settings),
		temporal.WithLogger(log.NewZapLogger(logger)),
	}
}

func serverConfig(db database, ports ports) *config.Config {
	services := map[string]config.Service{}
	for name, port := range ports.byService() {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnLocalHost: true}}
	}
	return &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     sqlite.PluginName,
			VisibilityStore:  sqlite.PluginName,
			NumHistoryShards: 1, // fixed for the life of a file
			DataStores:       map[string]config.DataStore{sqlite.PluginName: {SQL: db.config()}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{clusterName: {
				Enabled:                true,
				InitialFailoverVersion: 1,
				RPCAddress:             loopback(ports.frontend),
				ClusterID:              clusterID,
			}},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		PublicClient:        config.PublicClient{HostPort: loopback(ports.frontend)},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: disabled},
			Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
	}
}

// logger falls silent when the engine stops: services that go away one after the other
// complain of each other.
func (e *Engine) logger(base *zap.Logger) *zap.Logger {
	if base == nil {
		return zap.NewNop()
	}
	return base.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		quiet, err := zapcore.NewIncreaseLevelCore(core, zap.LevelEnablerFunc(func(l zapcore.Level) bool {
			return core.Enabled(l) && !e.stopping.Load()
		}))
		if err != nil {
			return core
		}
		return quiet
	}))
}
