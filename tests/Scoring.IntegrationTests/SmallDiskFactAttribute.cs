using Scoring.Servers;

namespace Scoring.IntegrationTests;

/// <summary>A test that fills a disk, for which it needs one of its own.</summary>
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.Reason;
}
