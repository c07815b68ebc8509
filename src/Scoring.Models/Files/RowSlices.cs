using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>Where in a reader's buffer the values of a row's mapped columns stand.</summary>
internal sealed class RowSlices
{
    public const int Amount = (int)TransactionField.Ip + 1;
    public const int Time = Amount + 1;
    public const int Label = Time + 1;

    private readonly (int Offset, int Length)[] slices = new (int, int)[Label + 1];

    public (int Offset, int Length) this[int column]
    {
        get => slices[column];
        set => slices[column] = value;
    }

    public void Clear() => Array.Clear(slices);
}
