using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Scoring.Actors.Entities;
using Scoring.Actors.Ledger;
using Scoring.Actors.Messages;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host;
using Scoring.Host.Composition;
using Scoring.Host.Options;
using Scoring.Models.Features;
using Scoring.Tests.Pipeline;

namespace Scoring.Tests.Host.Composition;

/// <summary>The node as the container puts it together, with the broker inside.</summary>
public sealed class CompositionTests
{
    private static readonly string[] Settings = ["--Scoring:Http:Urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"];

    [Fact]
    public async Task The_container_builds_with_its_scopes_and_all_constructors_validated()
    {
        await using var web = Builder().Build();
        Assert.Throws<InvalidOperationException>(() => web.Services.GetRequiredService<IOptionsSnapshot<HttpOptions>>());
    }

    [Fact]
    public void A_constructor_that_asks_for_what_nobody_registered_is_found_when_the_container_is_built()
    {
        var builder = Builder();
        builder.Services.RemoveAll<IShardEngine>();
        var error = Assert.Throws<AggregateException>(() => builder.Build());
        Assert.Contains(nameof(IShardEngine), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_errors_of_all_sections_are_told_at_the_start_in_one_message()
    {
        string[] wrong = ["--Scoring:Shards:MailboxRecords=0", "--Scoring:Http:Urls=8080", "--Scoring:Ledger:Provider=Postgres", "--Scoring:Kafak:Client=x", "--Scoring:Output:Linger", "--bootstrap"];
        var message = Assert.Throws<OptionsException>(() => ScoringHost.Create(wrong)).Message;
        Assert.Equal("The configuration is wrong:", message.Split('\n')[0]);
        string[] errors =
        [
            "'--Scoring:Output:Linger': has no value",
            "'--bootstrap': nothing reads this argument",
            "Scoring:Kafak:Client (on the command line): nothing reads this setting",
            "Scoring:Shards:MailboxRecords: ",
        ];
        Assert.Equal(errors.Length, message.Split('\n').Length - 1);
        Assert.All(errors.Zip(message.Split('\n')[1..]), e => Assert.StartsWith($"  - {e.First}", e.Second, StringComparison.Ordinal));

        // Once all can be read, how they fit together is told beside what is out of bounds.
        await using var web = Builder("--Scoring:Shards:MailboxRecords=0", "--Scoring:Http:AdvertisedUrl=8080", "--Scoring:Ledger:Provider=Postgres").Build();
        var failures = Assert.Throws<OptionsValidationException>(() => web.Services.GetRequiredService<IStartupValidator>().Validate()).Failures;
        Assert.Equal(["Scoring:Shards:MailboxRecords", "Scoring:Ledger:ConnectionString", "Scoring:Http:AdvertisedUrl"], failures.Select(f => f.Split(": ")[0]));
    }

    [Fact]
    public async Task A_part_that_fails_ends_the_host_with_status_1()
    {
        var failure = new TaskCompletionSource();
        var builder = Builder();
        builder.Services.AddNodePart(_ => new NodePart(StopPhase.Watches) { Completion = failure.Task });
        await using var host = ScoringHost.Create(builder, Settings);
        await host.StartAsync(CancellationToken.None);
        var status = host.RunAsync();
        Assert.False(status.IsCompleted);
        failure.SetException(new InvalidDataException("its part failed"));
        Assert.Equal(1, await status);
    }

    [Fact]
    public async Task Why_a_part_failed_is_told_though_the_stop_fails_too()
    {
        var builder = Builder();
        builder.Services.AddNodePart(_ => new NodePart(StopPhase.Watches)
        {
            Completion = Task.FromException(new InvalidDataException("its part failed")),
            StopAsync = () => throw new InvalidOperationException("its stop failed"),
        });
        var host = ScoringHost.Create(builder, Settings);
        await host.StartAsync(CancellationToken.None);
        using var told = new StringWriter();
        Assert.Equal(1, await host.RunAsync(told));
        Assert.Contains("its part failed", told.ToString(), StringComparison.Ordinal);
        Assert.Contains("its stop failed", told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_caller_changes_of_the_options_is_asked_for_once()
    {
        var asked = 0;
        await using var host = ScoringHost.Create(Settings, options =>
        {
            asked++;
            return options;
        });
        await host.StartAsync(CancellationToken.None);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_host_that_is_asked_to_stop_ends_with_status_0()
    {
        await using var host = ScoringHost.Create(Builder(), Settings);
        await host.StartAsync(CancellationToken.None);
        var status = host.RunAsync();
        host.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();
        Assert.Equal(0, await status);
    }

    [Fact]
    public async Task Another_engine_takes_the_place_of_the_groups_without_a_change_to_the_rest()
    {
        var builder = Builder();
        var engine = new RecordingEngine();
        builder.Services.Replace(ServiceDescriptor.Singleton<IShardEngine>(_ => engine));
        await using (var host = ScoringHost.Create(builder, Settings))
        {
            await host.StartAsync(CancellationToken.None);
            Assert.StartsWith("http://127.0.0.1:", engine.Owner.Address!.ToString(), StringComparison.Ordinal);
            using var http = new HttpClient { BaseAddress = new Uri(host.Address) };
            Assert.Contains("the node has not joined the cluster yet", await TextAsync(http, "/health/ready"), StringComparison.Ordinal);
            engine.Join();
            Assert.Contains("partition 3 is not live yet (recovering)", await TextAsync(http, "/v1/shards"), StringComparison.Ordinal);
        }

        Assert.Equal(["start", "stop", "dispose"], engine.Done);
    }

    [Fact]
    public async Task What_a_node_is_made_of_is_disposed_of_once_and_behind_its_stop()
    {
        var done = new List<string>();
        var builder = Builder();
        AddOwned(builder, () => done.Add("owned"));
        builder.Services.AddNodePart(_ => new NodePart(StopPhase.Outputs) { StopAsync = StopSteps.Of(() => done.Add("stopped")) });
        var host = ScoringHost.Create(builder, Settings);
        await host.StartAsync(CancellationToken.None);
        await host.DisposeAsync();
        await host.DisposeAsync();
        Assert.Equal(["stopped", "owned"], done);
    }

    // The container disposes of an instance once for each registration that hands it out.
    [Fact]
    public async Task Nothing_that_is_disposed_of_is_registered_twice()
    {
        var builder = Builder();
        var own = builder.Services.Select(s => s.ServiceType).Where(t => !t.ContainsGenericParameters && t.Assembly.GetName().Name is { } name && (name == "scoring" || name.StartsWith("Scoring.", StringComparison.Ordinal))).Distinct().ToList();
        Assert.Contains(typeof(IShardEngine), own);
        await using var host = ScoringHost.Create(builder, Settings);
        var made = own.Append(typeof(Microsoft.Extensions.Hosting.IHostedService)).SelectMany(type => host.Services.GetServices(type)).Where(s => s is IDisposable or IAsyncDisposable).ToList();
        Assert.Empty(made.GroupBy(s => s, ReferenceEqualityComparer.Instance).Where(g => g.Count() > 1).Select(g => g.Key!.GetType().Name));
    }

    [Fact]
    public async Task A_host_that_never_started_disposes_of_what_it_made()
    {
        var done = new List<string>();
        var builder = Builder();
        AddOwned(builder, () => done.Add("owned"));
        await ScoringHost.Create(builder, Settings).DisposeAsync();
        Assert.Equal(["owned"], done);
    }

    [Fact]
    public void A_host_that_cannot_be_put_together_disposes_of_what_it_had_made()
    {
        var done = new List<string>();
        var builder = Builder();
        AddOwned(builder, () => done.Add("owned"));
        builder.Services.AddNodePart(_ => throw new InvalidDataException("no such part"));
        Assert.Equal("no such part", Assert.Throws<InvalidDataException>(() => ScoringHost.Create(builder, Settings)).Message);
        Assert.Equal(["owned"], done);
    }

    [Fact]
    public void A_setting_that_the_client_library_refuses_is_told_as_one_of_the_configuration()
    {
        var error = Assert.Throws<OptionsException>(() => ScoringHost.Create([.. Settings, "--Scoring:Kafka:Client:no.such.setting=1"]));
        Assert.Contains("Scoring:Kafka:Client: librdkafka refuses a setting", error.Message, StringComparison.Ordinal);
    }

    // Something that a part of the node needs, and the container owns.
    private static void AddOwned(WebApplicationBuilder builder, Action disposed)
    {
        builder.Services.AddSingleton(_ => new Owned(disposed));
        builder.Services.AddNodePart(p =>
        {
            _ = p.GetRequiredService<Owned>();
            return new NodePart(StopPhase.Outputs);
        });
    }

    private static WebApplicationBuilder Builder(params string[] settings) =>
        ScoringHost.NodeBuilder(SettingArguments.Read([.. Settings, .. settings]), null, TimeProvider.System);

    // Also of an answer that is no success.
    private static async Task<string> TextAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
        return await answer.Content.ReadAsStringAsync();
    }

    private sealed class Owned(Action disposed) : IDisposable
    {
        public void Dispose() => disposed();
    }

    private sealed class RecordingEngine : IShardEngine, IAsyncDisposable
    {
        private readonly TaskCompletionSource joined = new();
        private readonly TaskCompletionSource completion = new();

        public List<string> Done { get; } = [];

        public ShardOwner Owner { get; private set; } = new("recorder", null);

        public int? InputPartitions { get; private set; }

        public Task Joined => joined.Task;

        public Task<ShardRead?> DescribeAsync(int partition) => Task.FromResult<ShardRead?>(null);

        public string? StoreAway => null;

        public Task Completion => completion.Task;

        public void Join() => joined.SetResult();

        public Task StartAsync(Uri? address, CancellationToken cancellation)
        {
            Done.Add("start");
            Owner = Owner with { Address = address };
            InputPartitions = 4;
            return Task.CompletedTask;
        }

        public Task StopAsync()
        {
            Done.Add("stop");
            completion.SetResult();
            return Task.CompletedTask;
        }

        public void Halt(string code) => throw new NotSupportedException();

        public IReadOnlyList<PartitionState> Partitions() => [new PartitionState(3, null, null, false, null)];

        public IReadOnlyList<ShardState> Shards() => [new ShardState(3, new ShardProgress())];

        public bool TryReadCard(int partition, string cardId, IReadOnlyList<string> userIds, [NotNullWhen(true)] out Task<IReadOnlyList<CardFeatures>?>? features) =>
            throw new NotSupportedException();

        public bool TryReadStatistics(int partition, [NotNullWhen(true)] out Task<IReadOnlyList<EntityStatistics>>? statistics)
        {
            statistics = Task.FromResult<IReadOnlyList<EntityStatistics>>([]);
            return true;
        }

        public ValueTask DisposeAsync()
        {
            Done.Add("dispose");
            return ValueTask.CompletedTask;
        }
    }
}
