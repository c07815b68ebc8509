using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Event;
using Akka.Remote.Hosting;
using Akka.Remote.Transport.DotNetty;
using Scoring.Host.Options;

namespace Scoring.Host.Cluster;

/// <summary>TLS between members: each shows a certificate, and takes those alone that the configured authority has made.</summary>
internal static class ClusterTls
{
    /// <summary>Reads the certificate and the authority.</summary>
    /// <param name="options">Where they are.</param>
    /// <exception cref="OptionsException">One of the files can't be read, or has expired.</exception>
    internal static SslOptions Read(ClusterOptions options)
    {
        var certificate = Read("CertificatePath", () => X509Certificate2.CreateFromPemFile(options.CertificatePath, options.CertificateKeyPath));
        var authorities = new X509Certificate2Collection();
        Read("CertificateAuthorityPath", () =>
        {
            authorities.ImportFromPemFile(options.CertificateAuthorityPath);
            return authorities.Count > 0 ? authorities : throw new CryptographicException("there is no certificate in the file");
        });
        return new SslOptions
        {
            X509Certificate = certificate,
            SuppressValidation = false,
            RequireMutualAuthentication = true,
            CustomValidator = MadeBy(authorities),
        };
    }

    /// <summary>Takes a certificate if one of the authorities has made it, whatever the machine trusts beside them.</summary>
    /// <param name="authorities">The authorities.</param>
    internal static CertificateValidationCallback MadeBy(X509Certificate2Collection authorities) => (certificate, _, peer, _, log) =>
    {
        if (certificate is null)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        // An authority of a cluster's own has no list of what it has revoked.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (chain.Build(certificate))
            return true;
        log.Warning("The certificate of {0} is refused: {1}", peer, string.Join("; ", chain.ChainStatus.Select(s => s.StatusInformation)));
        return false;
    };

    private static T Read<T>(string setting, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:Cluster:{setting}: {UnexpectedFailure.OneLine(e)}"]);
        }
    }
}
