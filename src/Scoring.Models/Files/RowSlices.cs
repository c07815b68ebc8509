namespace Scoring.Models.Files;

/// <summary>Where in a reader's buffer the values of a row's mapped columns stand, by their index in <see cref="EventFileMap.Columns"/>.</summary>
internal sealed class RowSlices(byte[] buffer, int count)
{
    private readonly (int Offset, int Length)[] slices = new (int, int)[count];

    public (int Offset, int Length) this[int column]
    {
        get => slices[column];
        set => slices[column] = value;
    }

    /// <summary>The column's text in UTF-8; empty where the row has none.</summary>
    public ReadOnlySpan<byte> Text(int column) => buffer.AsSpan(slices[column].Offset, slices[column].Length);

    /// <summary>The column's text without the spaces around it, for what is no name.</summary>
    public ReadOnlySpan<byte> Trimmed(int column) => Text(column).Trim((byte)' ');

    public void Clear() => Array.Clear(slices);
}
