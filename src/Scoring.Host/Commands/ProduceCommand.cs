using System.CommandLine;
using Scoring.Producer.Simulation;

namespace Scoring.Host.Commands;

/// <summary><c>scoring produce</c>: simulated transactions, into a Kafka log or into a data set.</summary>
internal static class ProduceCommand
{
    public static Command Create()
    {
        var seed = new Option<ulong>("--seed") { Description = "Seed of all chance: the same seed gives the same transactions.", DefaultValueFactory = _ => 1 };
        var customers = new Option<int>("--customers") { Description = "Customers in the simulation.", DefaultValueFactory = _ => 2_000 };
        var fraudShare = new Option<double>("--fraud-share") { Description = "Share of transactions that are fraud.", DefaultValueFactory = _ => 0.0075 };
        var keySkew = new Option<double>("--key-skew") { Description = "Zipf exponent of the customers' activity; 0 for a natural one.", DefaultValueFactory = _ => 0 };
        var dataset = new Option<FileInfo?>("--dataset") { Description = "Write a data set for training to this file (.csv or .csv.gz) and do not connect to Kafka." };
        var days = new Option<double>("--days") { Description = "Days of event time in the data set.", DefaultValueFactory = _ => 30 };
        var command = new Command("produce", "Simulate card transactions, with fraud among them.") { seed, customers, fraudShare, keySkew, dataset, days };
        command.SetAction((parsed, cancellation) =>
        {
            var simulation = new SimulatorOptions
            {
                Seed = parsed.GetValue(seed),
                Customers = parsed.GetValue(customers),
                FraudShare = parsed.GetValue(fraudShare),
                KeySkew = parsed.GetValue(keySkew),
            };
            return Task.FromResult(ProduceDataset.Run(simulation, parsed.GetValue(days), parsed.GetValue(dataset)!, cancellation));
        });
        return command;
    }
}
