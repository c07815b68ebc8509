using Akka.Util;
using Microsoft.Extensions.Configuration;
using Scoring.Host.Cluster;
using Scoring.Host.Options;

namespace Scoring.Tests.Host.Cluster;

/// <summary>What of the cluster's options does not go together.</summary>
public sealed class ClusterOptionsTests
{
    private static readonly string[] Tls = ["CertificatePath=/c.pem", "CertificateKeyPath=/k.pem", "CertificateAuthorityPath=/a.pem"];

    [Fact]
    public void Alone_nothing_has_to_be_set() => Assert.Equal(new ClusterOptions { ContactPoints = [] }, Read() with { ContactPoints = [] });

    [Fact]
    public void Members_are_found_by_contact_points()
    {
        var options = Read("Discovery=contact_points", "Port=4053", "ContactPoints:0=127.0.0.1:8558", "ContactPoints:1=127.0.0.1:8559");
        Assert.Equal(ClusterDiscovery.ContactPoints, options.Discovery);
        Assert.Equal(["127.0.0.1:8558", "127.0.0.1:8559"], options.ContactPoints);
    }

    [Theory]
    [InlineData("Hostname", "Hostname=0.0.0.0", "PublicHostname=10.0.0.1")]
    [InlineData("Hostname", "Hostname=scoring-0.scoring")]
    [InlineData("Hostname", "PublicHostname=10.0.0.1")]
    [InlineData("PublicHostname", "Hostname=0.0.0.0", "AllowPlainRemoting=true")]
    [InlineData("CertificatePath", "CertificatePath=/c.pem")]
    [InlineData("CertificatePath", "CertificateKeyPath=/k.pem", "CertificateAuthorityPath=/a.pem")]
    [InlineData("ContactPoints", "Discovery=ContactPoints", "Port=4053")]
    [InlineData("ContactPoints", "ContactPoints:0=127.0.0.1:8558")]
    [InlineData("ContactPoints:0", "Discovery=ContactPoints", "Port=4053", "RequiredContactPoints=1", "ContactPoints:0=127.0.0.1")]
    [InlineData("ContactPoints:0", "Discovery=ContactPoints", "Port=4053", "RequiredContactPoints=1", "ContactPoints:0=http://127.0.0.1:1")]
    [InlineData("RequiredContactPoints", "Discovery=ContactPoints", "Port=4053", "ContactPoints:0=127.0.0.1:8558")]
    [InlineData("Port", "Discovery=Kubernetes")]
    [InlineData("ManagementPort", "Discovery=Kubernetes", "Port=4053", "ManagementPort=0")]
    [InlineData("Members", "Members=0")]
    public void What_does_not_go_together_is_an_error_at_the_start(string setting, params string[] settings)
    {
        var error = Assert.Throws<OptionsException>(() => Read(settings));
        Assert.Contains($"Scoring:Cluster:{setting}:", Assert.Single(error.Message.Split('\n')[1..]), StringComparison.Ordinal);
    }

    [Fact]
    public void Beyond_this_machine_members_talk_by_TLS_or_where_that_is_said_plainly()
    {
        Assert.True(Read(["Hostname=0.0.0.0", "PublicHostname=10.0.0.1", .. Tls]).HasTls);
        Assert.False(Read("Hostname=10.0.0.1", "AllowPlainRemoting=true").HasTls);
        Assert.False(Read("Hostname=::1").HasTls);
    }

    [Theory]
    [InlineData("State:Provider", "State:Path=/data/state.db", "Ledger:Provider=Postgres", "Ledger:ConnectionString=Host=db")]
    [InlineData("Ledger:Provider", "State:Provider=Postgres", "State:ConnectionString=Host=db", "Ledger:Path=/data/ledger.db")]
    public void A_file_of_one_machine_is_refused_for_members_on_several(string setting, params string[] settings)
    {
        string[] members = ["Cluster:Discovery=Kubernetes", "Cluster:Hostname=0.0.0.0", "Cluster:PublicHostname=10.0.0.1", "Cluster:Port=4053", "Cluster:AllowPlainRemoting=true"];
        var error = Assert.Throws<OptionsException>(() => ReadAll([.. members, .. settings]));
        Assert.Contains($"Scoring:{setting}:", Assert.Single(error.Message.Split('\n')[1..]), StringComparison.Ordinal);
        // Members of one machine may share it.
        _ = ReadAll(["Cluster:Discovery=Kubernetes", "Cluster:Port=4053", .. settings]);
    }

    [Theory]
    [InlineData("1.2.3", "1.2.3")]
    [InlineData("v1.2.3", "1.2.3")]
    [InlineData("1.2.3-rc.1", "1.2.3-rc-1")]
    [InlineData("1.2.3_build", "1.2.3-build")]
    [InlineData("2", "2")]
    [InlineData("1.2.3.4", "tag-1-2-3-4")]
    [InlineData("20260301123456789", "tag-20260301123456789")]
    [InlineData("latest", "latest")]
    [InlineData("main-4f2a91c", "main-4f2a91c")]
    [InlineData("main.12", "tag-main-12")]
    [InlineData("1.2.3@sha256:4f2a", "1.2.3-sha256-4f2a")]
    public void Whatever_an_image_is_tagged_with_is_a_version_that_members_can_compare(string tag, string version)
    {
        Assert.Equal(version, MemberVersion.Of(tag));
        Assert.Equal(0, AppVersion.Create(MemberVersion.Of(tag)).CompareTo(AppVersion.Create(version)));
        Assert.NotEqual(0, AppVersion.Create(MemberVersion.Of(tag)).CompareTo(AppVersion.Create("0.1.0")));
    }

    private static ScoringOptions ReadAll(params string[] settings) => CheckedOptions.Of(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(s => s.Split('=', 2)).Select(s => KeyValuePair.Create<string, string?>($"Scoring:{s[0]}", s[1]))).Build());

    private static ClusterOptions Read(params string[] settings) => CheckedOptions.Of(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create<string, string?>($"Scoring:Cluster:{s.Split('=')[0]}", s.Split('=')[1]))).Build()).Cluster;
}
