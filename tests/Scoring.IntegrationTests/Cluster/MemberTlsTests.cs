using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Scoring.Host.Cluster;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>Members that talk by TLS, and those that they do not talk to.</summary>
public sealed class MemberTlsTests : IDisposable
{
    private static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Members_of_one_authority_are_one_cluster_and_nobody_else_joins_it()
    {
        var (ours, others) = (Authority("ours"), Authority("others"));
        var log = new OwnerLog();
        await using var first = await TestMember.StartAsync("first", 2, log, ours("first"));
        await using var second = await TestMember.StartAsync("second", 2, log, ours("second"));
        await using var stranger = await TestMember.StartAsync("stranger", 2, log, others("stranger"));
        await using var plain = await TestMember.StartAsync("plain", 2, log);
        Assert.Equal("akka.ssl.tcp", first.Cluster.SelfAddress.Protocol);
        await first.JoinAsync(first);
        var (knocked, called) = (stranger.JoinAsync(first), plain.JoinAsync(first));
        await second.JoinAsync(first);
        await Eventually.TrueAsync(() => first.Cluster.State.Members.Count == 2, "both are members");
        // They have tried for as long as the other took to join, and are not even known.
        Assert.False(knocked.IsCompleted || called.IsCompleted);
        Assert.Equal(
            new[] { first.Cluster.SelfAddress, second.Cluster.SelfAddress }.Order(Akka.Cluster.Member.AddressOrdering),
            first.Cluster.State.Members.Select(m => m.Address).Order(Akka.Cluster.Member.AddressOrdering));
    }

    private Func<string, ClusterOptions> Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var authority = request.CreateSelfSigned(Begin, End);
        var file = Write($"{name}.pem", authority.ExportCertificatePem());
        return member => Issue(authority, file, member);
    }

    private ClusterOptions Issue(X509Certificate2 authority, string file, string member)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={member}", key, HashAlgorithmName.SHA256).Create(authority, Begin, End, [1, 2, 3]);
        return new ClusterOptions
        {
            CertificatePath = Write($"{member}.cert.pem", certificate.ExportCertificatePem()),
            CertificateKeyPath = Write($"{member}.key.pem", key.ExportPkcs8PrivateKeyPem()),
            CertificateAuthorityPath = file,
        };
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
