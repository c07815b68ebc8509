namespace Scoring.Models.Files;

/// <summary>What a text of an event is made of: columns, the number of the row's line, or the same for every row.</summary>
internal sealed record TextSource
{
    /// <summary>The columns, as indexes of <see cref="EventFileMap.Columns"/>, in the order in which they are joined.</summary>
    public int[] Columns { get; init; } = [];

    /// <summary>What stands between two columns' texts.</summary>
    public byte[] Separator { get; init; } = [];

    /// <summary>What stands before the whole.</summary>
    public byte[] Prefix { get; init; } = [];

    /// <summary>What is taken off both ends of each column's text.</summary>
    public byte[] Strip { get; init; } = [];

    /// <summary>Whether it is the number of the row's line.</summary>
    public bool IsLine { get; init; }

    /// <summary>The text of every row; null where it comes from the row.</summary>
    public byte[]? Constant { get; init; }

    /// <summary>Whether it is one column's text as it stands, so that nothing has to be copied.</summary>
    public bool IsPlain => Columns.Length == 1 && Prefix.Length == 0 && Strip.Length == 0;
}
