using Akka.Configuration;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Sql;

namespace Scoring.Tests.Snapshots;

public class SnapshotStoreOptionsTests
{
    [Fact]
    public void A_section_that_names_a_database_alone_takes_the_defaults()
    {
        var options = Read("provider = sqlite");
        Assert.Equal(new SnapshotStoreOptions { Provider = SqlProvider.Sqlite }, options);
        Assert.Equal((TimeSpan.FromMilliseconds(2), "snapshot"), (options.GroupWindow, options.Table));
    }

    [Fact]
    public void A_section_says_everything()
    {
        Assert.Equal(
            new SnapshotStoreOptions
            {
                Provider = SqlProvider.Postgres,
                ConnectionString = "Host=db",
                Schema = "fraud",
                Table = "states",
                FenceTable = "fences",
                AutoInitialize = false,
                Serializer = "json",
                CommandTimeout = TimeSpan.FromSeconds(3),
                GroupWindow = TimeSpan.Zero,
                MaxGroupRows = 1,
                MaxGroupBytes = 2 * 1024 * 1024,
                MaxWaitingRows = 3,
                MaxWaitingBytes = 4 * 1024 * 1024,
                MaxWaitingLoads = 5,
                MaxWaitingFenceCalls = 6,
                MaxDeletedRows = 7,
            },
            Read("""
                provider = Postgres
                connection-string = "Host=db"
                schema = fraud
                table = states
                fence-table = fences
                auto-initialize = off
                serializer = json
                command-timeout = 3s
                group-window = 0s
                max-group-rows = 1
                max-group-bytes = 2MiB
                max-waiting-rows = 3
                max-waiting-bytes = 4MiB
                max-waiting-loads = 5
                max-waiting-fence-calls = 6
                max-deleted-rows = 7
                """));
    }

    [Fact]
    public void All_that_is_wrong_in_a_section_is_said_at_once()
    {
        var error = Assert.Throws<ConfigurationException>(() => Read("""
            provider = oracle
            schema = "public"
            table = "a b"
            fence-table = "x\"; DROP TABLE snapshot"
            command-timeout = 1ms
            group-window = 2s
            max-group-rows = 0
            max-waiting-bytes = 0
            """));
        Assert.All(
            new[] { "provider", "schema", "table must", "fence-table", "command-timeout", "group-window", "max-group-rows", "max-waiting-bytes" },
            setting => Assert.Contains(setting, error.Message, StringComparison.Ordinal));
        Assert.Contains("connection-string", Assert.Throws<ConfigurationException>(() => Read("provider = postgres")).Message, StringComparison.Ordinal);
    }

    private static SnapshotStoreOptions Read(string section) => SnapshotStoreOptions.Read(ConfigurationFactory.ParseString(section));
}
