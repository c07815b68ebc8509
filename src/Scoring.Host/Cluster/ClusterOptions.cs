using System.ComponentModel.DataAnnotations;

namespace Scoring.Host.Cluster;

/// <summary>How a node finds the other members of its cluster.</summary>
public enum ClusterDiscovery
{
    /// <summary>There are none.</summary>
    Alone,

    /// <summary>By the addresses that <see cref="ClusterOptions.ContactPoints"/> names.</summary>
    ContactPoints,

    /// <summary>By the pods that the Kubernetes API lists.</summary>
    Kubernetes,
}

/// <summary>The node as a member of a cluster.</summary>
public sealed record ClusterOptions
{
    /// <summary>How the node finds the other members.</summary>
    public ClusterDiscovery Discovery { get; init; } = ClusterDiscovery.Alone;

    /// <summary>The address that the node listens on for other members.</summary>
    [Required]
    public string Hostname { get; init; } = "127.0.0.1";

    /// <summary>Where the other members reach it; empty takes <see cref="Hostname"/>.</summary>
    public string PublicHostname { get; init; } = "";

    /// <summary>The port that it listens on for other members; 0 takes a free one.</summary>
    [Range(0, 65535)]
    public int Port { get; init; }

    /// <summary>The port on which members that do not know each other yet find each other.</summary>
    [Range(0, 65535)]
    public int ManagementPort { get; init; } = 8558;

    /// <summary>The members that may be there at the start, as host:port of their <see cref="ManagementPort"/>, this one among them.</summary>
    public IReadOnlyList<string> ContactPoints { get; init; } = [];

    /// <summary>How many members have to be found before they begin a cluster. More than half of those to be: two halves would begin two.</summary>
    [Range(1, 1_000)]
    public int RequiredContactPoints { get; init; } = 2;

    /// <summary>How many members the cluster has at most. With more than 5, a split is decided on later.</summary>
    [Range(1, 1_000)]
    public int Members { get; init; } = 5;

    /// <summary>
    /// The version that the members tell each other, as the image's tag; empty takes the program's. While there are two of them, no
    /// partition is moved for balance.
    /// </summary>
    public string AppVersion { get; init; } = "";

    /// <summary>The namespace of the pods; empty takes the one that the service account's files name.</summary>
    public string PodNamespace { get; init; } = "";

    /// <summary>The labels by which the pods of the cluster are found, as the Kubernetes API selects them.</summary>
    [Required]
    public string PodLabelSelector { get; init; } = "app.kubernetes.io/name=scoring";

    /// <summary>The name of the pods' container port that is the <see cref="ManagementPort"/>.</summary>
    [Required]
    public string PodPortName { get; init; } = "management";

    /// <summary>This node's certificate, a PEM file. With it, members talk by TLS and each proves who it is.</summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>The certificate's private key, a PEM file.</summary>
    public string CertificateKeyPath { get; init; } = "";

    /// <summary>The authority, a PEM file, by which the certificates of all members are made; none of another one is taken.</summary>
    public string CertificateAuthorityPath { get; init; } = "";

    /// <summary>Whether members may talk without TLS to more than their own machine. Whoever reaches the port can then do anything with the cluster.</summary>
    public bool AllowPlainRemoting { get; init; }

    internal bool HasTls => CertificatePath.Length > 0;
}
