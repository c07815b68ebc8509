using System.CommandLine;
using Scoring.Producer.Load;

namespace Scoring.Host.Commands;

/// <summary><c>scoring produce</c>: card transactions, simulated or of a file, into a Kafka log or into a data set.</summary>
internal static class ProduceCommand
{
    private const double DefaultRate = 500;

    // Makes 2,000 customers the default of a data set.
    private const long DatasetTransactions = 12_000;

    public static Command Create()
    {
        var load = new ProduceOptions(DefaultRate, _ => 1, $"{DefaultRate}, with --input as fast as it goes", "until Ctrl+C or the end of the input");
        var servers = new Option<string>("--bootstrap-servers") { Description = "The brokers, as host:port.", DefaultValueFactory = _ => "localhost:9092" };
        var prefix = new Option<string>("--topic-prefix") { Description = "Stands before every topic's name.", DefaultValueFactory = _ => "" };
        var labels = new Option<string>("--labels-topic") { Description = "Where labels go: the topic that is relayed, the input log itself ('transactions'), or 'none'.", DefaultValueFactory = _ => "labels" };
        var interactions = new Option<string>("--interactions-topic") { Description = "Where interactions go: a topic, or 'none'.", DefaultValueFactory = _ => "interactions" };
        var group = new Option<string>("--group") { Description = "The consumer group of the service that scores.", DefaultValueFactory = _ => "scoring" };
        var ahead = new Option<long>("--max-bytes-ahead") { Description = "Bytes of a partition that may be ahead of the group's commits; 0 for no bound. 2097152 for the embedded broker.", DefaultValueFactory = _ => 0 };
        var fetchWait = new Option<int>("--fetch-wait-ms") { Description = "How long a broker holds a fetch without data; 1 to 5 for the embedded broker.", DefaultValueFactory = _ => 100 };
        var clock = new Option<EventClock>("--event-time") { Description = "The time that simulated transactions tell: now, or simulated (days pass during the run).", DefaultValueFactory = _ => EventClock.Now };
        var dataset = new Option<FileInfo?>("--dataset") { Description = "Write a data set for training to this file (.csv or .csv.gz) and do not connect to Kafka." };
        var days = new Option<double>("--days") { Description = "Days of event time in the data set.", DefaultValueFactory = _ => 30 };
        var command = new Command("produce", "Send card transactions, simulated with fraud among them or of a file, and report what came back.")
        {
            servers, prefix, labels, interactions, group, ahead, fetchWait, clock, dataset, days,
        };
        load.AddTo(command);
        command.SetAction((parsed, cancellation) => ProduceRun.GuardAsync(parsed, stop =>
        {
            if (parsed.GetValue(dataset) is { } file)
                return Task.FromResult(ProduceDataset.Run(load.Simulation(parsed, DatasetTransactions), parsed.GetValue(days), file, parsed.InvocationConfiguration, stop));
            var options = load.Load(parsed, null) with
            {
                BootstrapServers = parsed.GetValue(servers)!,
                TransactionsTopic = Topic("transactions")!,
                LabelsTopic = Topic(parsed.GetValue(labels)!),
                InteractionsTopic = Topic(parsed.GetValue(interactions)!),
                ScoresTopic = Topic("scores")!,
                DeadLettersTopic = Topic("transactions.dlq")!,
                ScoringGroup = parsed.GetValue(group)!,
                MaxBytesAhead = parsed.GetValue(ahead),
                FetchWaitMs = parsed.GetValue(fetchWait),
            };
            return ProduceRun.RunAsync(load, parsed, options, parsed.GetValue(clock), null, stop);

            string? Topic(string name) => name == "none" ? null : parsed.GetValue(prefix) + name;
        }, cancellation));
        return command;
    }
}
