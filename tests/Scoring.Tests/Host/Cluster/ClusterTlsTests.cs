using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Event;
using Scoring.Host.Cluster;
using Scoring.Host.Options;

namespace Scoring.Tests.Host.Cluster;

/// <summary>Which certificates a member takes.</summary>
public sealed class ClusterTlsTests : IDisposable
{
    private static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();
    private readonly X509Certificate2 authority = Authority("members");

    [Fact]
    public void A_member_takes_what_its_authority_has_made_and_nothing_else()
    {
        using var other = Authority("others");
        using var member = Issue(authority, "member", End);
        using var stranger = Issue(other, "member", End);
        using var expired = Issue(authority, "member", Begin.AddYears(1));
        using var alone = Authority("member");
        var takes = ClusterTls.MadeBy([authority]);
        Assert.True(takes(member, null, "peer", default, NoLogger.Instance));
        // What the machine or the handshake says does not matter.
        Assert.All([stranger, expired, alone], c => Assert.False(takes(c, null, "peer", default, NoLogger.Instance)));
        Assert.False(takes(null, null, "peer", default, NoLogger.Instance));
    }

    [Fact]
    public void Certificate_key_and_authority_are_read_from_files()
    {
        using var member = Issue(authority, "member", End);
        var options = Files(member.ExportCertificatePem(), Key(member), authority.ExportCertificatePem());
        var tls = ClusterTls.Read(options);
        Assert.True(tls.RequireMutualAuthentication);
        Assert.False(tls.SuppressValidation);
        Assert.True(tls.X509Certificate!.HasPrivateKey);
        Assert.True(tls.CustomValidator!(member, null, "peer", default, NoLogger.Instance));
    }

    [Theory]
    [InlineData("certificate", "CertificatePath")]
    [InlineData("key", "CertificatePath")]
    [InlineData("authority", "CertificateAuthorityPath")]
    public void A_file_that_can_not_be_read_is_an_error_of_its_setting(string wrong, string setting)
    {
        using var member = Issue(authority, "member", End);
        var options = Files(
            wrong == "certificate" ? "nonsense" : member.ExportCertificatePem(),
            wrong == "key" ? "nonsense" : Key(member),
            wrong == "authority" ? "nonsense" : authority.ExportCertificatePem());
        Assert.Contains($"Scoring:Cluster:{setting}: ", Assert.Throws<OptionsException>(() => ClusterTls.Read(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_of_its_setting()
    {
        var options = new ClusterOptions { CertificatePath = "/nowhere/c.pem", CertificateKeyPath = "/nowhere/k.pem", CertificateAuthorityPath = "/nowhere/a.pem" };
        Assert.Contains("Scoring:Cluster:CertificatePath: ", Assert.Throws<OptionsException>(() => ClusterTls.Read(options)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        authority.Dispose();
        folder.Delete(recursive: true);
    }

    private ClusterOptions Files(string certificate, string key, string authorities) => new()
    {
        CertificatePath = Write("c.pem", certificate),
        CertificateKeyPath = Write("k.pem", key),
        CertificateAuthorityPath = Write("a.pem", authorities),
    };

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Key(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(Begin, End);
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var issued = request.Create(authority, Begin, end, [1, 2, 3]);
        return issued.CopyWithPrivateKey(key);
    }
}
