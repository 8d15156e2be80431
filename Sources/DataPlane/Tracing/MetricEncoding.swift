import MeshProtos
import MeshTelemetry

/// Metrics as OpenTelemetry's protocol writes them.
struct MetricEncoding {
    /// Whether points count since the last export, and not since the beginning.
    let isDelta: Bool
    /// Since when points count, in nanoseconds since 1970.
    let start: UInt64
    /// When they were read, in nanoseconds since 1970.
    let time: UInt64

    /// The request that sends readings.
    func request(_ readings: [MetricReading], sender: OTLPSender) -> [UInt8] {
        OpenTelemetry.ExportMetricsServiceRequest.with { request in
            request.resourceMetrics = [
                .with {
                    $0.resource = sender.encodedResource
                    $0.scopeMetrics = [
                        .with {
                            $0.scope = sender.scope()
                            $0.metrics = readings.map(self.metric)
                        }
                    ]
                }
            ]
        }.serialized
    }

    private func metric(_ reading: MetricReading) -> OpenTelemetry.Metric {
        .with { metric in
            metric.name = reading.name
            metric.description = reading.help
            metric.unit = Self.unit(of: reading.name)
            switch reading.kind {
            case .gauge: metric.data = .gauge(.with { $0.dataPoints = reading.points.compactMap(self.gauge) })
            case .counter:
                metric.data = .sum(
                    .with {
                        $0.dataPoints = reading.points.compactMap(self.number)
                        $0.aggregationTemporality = self.isDelta ? .delta : .cumulative
                        $0.isMonotonic = true
                    }
                )
            case .histogram(let bounds):
                metric.data = .histogram(
                    .with {
                        $0.dataPoints = reading.points.compactMap { self.histogram($0, bounds) }
                        $0.aggregationTemporality = self.isDelta ? .delta : .cumulative
                    }
                )
            }
        }
    }

    private func gauge(_ point: MetricReading.Point) -> OpenTelemetry.NumberDataPoint? {
        var made = self.number(point)
        // What is so now has no beginning.
        made?.startTimeUnixNano = 0
        return made
    }

    private func number(_ point: MetricReading.Point) -> OpenTelemetry.NumberDataPoint? {
        let value: OpenTelemetry.NumberDataPoint.Kind
        switch point.value {
        case .count(let count): value = .asInt(Int64(clamping: count))
        case .level(let level): value = .asInt(level)
        case .number(let number): value = .asDouble(number)
        case .histogram: return nil
        }
        return .with {
            $0.startTimeUnixNano = self.start
            $0.timeUnixNano = self.time
            $0.value = value
            $0.attributes = Self.attributes(point)
        }
    }

    private func histogram(
        _ point: MetricReading.Point,
        _ bounds: [Double]
    ) -> OpenTelemetry.HistogramDataPoint? {
        guard case .histogram(let counts, let sum) = point.value else { return nil }
        return .with {
            $0.startTimeUnixNano = self.start
            $0.timeUnixNano = self.time
            $0.count = counts.reduce(0, &+)
            $0.sum = sum
            $0.bucketCounts = counts
            $0.explicitBounds = bounds
            $0.attributes = Self.attributes(point)
        }
    }

    private static func attributes(_ point: MetricReading.Point) -> [OpenTelemetry.KeyValue] {
        zip(point.names, point.values).filter { !$1.isEmpty }.map { .init($0, $1) }
    }

    /// The unit that a name ends in, by the Unified Code for Units of Measure.
    static func unit(of name: String) -> String {
        let name = name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
        if name.hasSuffix("_milliseconds") { return "ms" }
        if name.hasSuffix("_seconds") { return "s" }
        return name.hasSuffix("_bytes") ? "By" : ""
    }
}
