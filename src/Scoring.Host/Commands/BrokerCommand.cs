using System.CommandLine;
using Scoring.Actors.Log;
using Scoring.Kafka;

namespace Scoring.Host.Commands;

/// <summary><c>scoring broker</c>: the embedded broker as a process of its own, for several nodes on one machine.</summary>
internal static class BrokerCommand
{
    private const int MaxPartitions = 256;

    public static Command Create()
    {
        var partitions = new Option<int>("--partitions") { Description = $"Partitions of each topic, at most {MaxPartitions}.", DefaultValueFactory = _ => new EmbeddedBrokerOptions().Partitions };
        var prefix = new Option<string>("--topic-prefix") { Description = "Stands before every topic's name.", DefaultValueFactory = _ => "" };
        var further = new Option<string[]>("--topic") { Description = "A further topic, by its whole name; may be repeated.", DefaultValueFactory = _ => [] };
        var addressFile = new Option<FileInfo?>("--address-file") { Description = "A file to write the address to, once the broker answers." };
        partitions.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > MaxPartitions)
                r.AddError($"--partitions must be from 1 to {MaxPartitions}");
        });
        var command = new Command("broker", "Runs the embedded broker, for `scoring serve` processes of this machine, until it is asked to stop. It takes a free port of 127.0.0.1, prints it, and keeps 5 MiB a partition in memory")
        {
            partitions, prefix, further, addressFile,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new EmbeddedBrokerOptions
            {
                Partitions = parsed.GetValue(partitions),
                Topics = [.. new Topics { Prefix = parsed.GetValue(prefix)! }.Resolved().All, .. parsed.GetValue(further)!],
            },
            parsed.GetValue(addressFile),
            parsed.InvocationConfiguration,
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(EmbeddedBrokerOptions options, FileInfo? addressFile, InvocationConfiguration console, CancellationToken cancellation)
    {
        using var signals = new StopSignals(cancellation);
        try
        {
            using var broker = EmbeddedBroker.Start(options);
            if (addressFile is not null)
                await WriteWholeAsync(addressFile, broker.BootstrapServers);
            await console.Output.WriteLineAsync(broker.BootstrapServers);
            var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = signals.Token.Register(asked.SetResult);
            await asked.Task;
            return 0;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            await console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    // Whoever waits for the file must never find half an address.
    private static async Task WriteWholeAsync(FileInfo file, string address)
    {
        var unfinished = file.FullName + ".part";
        await File.WriteAllTextAsync(unfinished, address);
        File.Move(unfinished, file.FullName, overwrite: true);
    }
}
