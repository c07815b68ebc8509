namespace Scoring.Models.Features.Plan;

/// <summary>How the columns of a saved layout become those of a plan: by name.</summary>
internal sealed class SavedColumns
{
    private readonly int[] flagBits;

    public SavedColumns(StateLayout saved, StateLayout plan)
    {
        Saved = saved;
        IsOwn = saved.Hash == plan.Hash;
        Tables = [.. plan.Fields.Select(f => Array.IndexOf(saved.Fields, f))];
        flagBits = [plan.KeepsLabels && saved.KeepsLabels ? 0 : -1, .. plan.Filters.Select(f => Array.IndexOf(saved.Filters, f) is >= 0 and var bit ? bit + 1 : -1)];
    }

    public StateLayout Saved { get; }

    /// <summary>Whether nothing has to be carried over.</summary>
    public bool IsOwn { get; }

    /// <summary>For each value table of the plan, which saved column it is; −1 for none.</summary>
    public int[] Tables { get; }

    /// <summary>The plan's flags of saved ones; what was not kept is not set.</summary>
    public uint Flags(uint saved)
    {
        if (IsOwn)
            return saved;
        var flags = 0u;
        for (var bit = 0; bit < flagBits.Length; bit++)
        {
            if (flagBits[bit] >= 0)
                flags |= ((saved >> flagBits[bit]) & 1) << bit;
        }

        return flags;
    }
}
