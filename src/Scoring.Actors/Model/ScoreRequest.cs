using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Actors.Model;

/// <summary>
/// The rows of one batch on their way through the model. Whoever made it owns it until it is posted to
/// the <see cref="ModelActor"/>, and again from the call of <see cref="Completed"/> on.
/// </summary>
public abstract class ScoreRequest
{
    private readonly int featureCount;
    private double[] features = [];
    private Verdict[] verdicts = [];
    private string?[] reasons = [];

    /// <summary>Makes a request without rows.</summary>
    /// <param name="featureCount">Features of a row.</param>
    protected ScoreRequest(int featureCount) => this.featureCount = featureCount;

    /// <summary>How many rows there are to score.</summary>
    public int Rows { get; private set; }

    /// <summary>Why the rows could not be scored; null if they were.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Adds a row.</summary>
    /// <returns>Its features, to be filled: in the vector's order, NaN where missing.</returns>
    public Span<double> AddRow()
    {
        if (Rows == verdicts.Length)
            Grow();
        Rows++;
        return features.AsSpan((Rows - 1) * featureCount, featureCount);
    }

    /// <summary>Takes back the row that was added last.</summary>
    public void RemoveLastRow() => Rows--;

    /// <summary>Makes room for rows at once, to be filled in any order and by any thread, each by one.</summary>
    /// <param name="rows">How many.</param>
    protected void Reserve(int rows)
    {
        while (verdicts.Length < rows)
            Grow();
        Rows = rows;
    }

    /// <summary>Keeps the first rows.</summary>
    /// <param name="rows">How many.</param>
    protected void Keep(int rows) => Rows = rows;

    /// <summary>A row's features, to be filled.</summary>
    /// <param name="row">Which row.</param>
    protected Span<double> Row(int row) => features.AsSpan(row * featureCount, featureCount);

    /// <summary>A row's features.</summary>
    /// <param name="row">Which row.</param>
    public ReadOnlySpan<double> Features(int row) => features.AsSpan(row * featureCount, featureCount);

    /// <summary>A row's score.</summary>
    /// <param name="row">Which row.</param>
    public float Score(int row) => verdicts[row].Score;

    /// <summary>A row's decision.</summary>
    /// <param name="row">Which row.</param>
    public Decision Decision(int row) => verdicts[row].Decision;

    /// <summary>Room for a row's reasons; null behind the last one.</summary>
    /// <param name="row">Which row.</param>
    public Span<string?> Reasons(int row) => reasons.AsSpan(row * ModelBundle.MaxReasons, ModelBundle.MaxReasons);

    /// <summary>A row's reasons.</summary>
    /// <param name="row">Which row.</param>
    public ReadOnlySpan<string> ReasonsOf(int row)
    {
        var room = Reasons(row);
        var count = room.IndexOf((string?)null);
        return (count < 0 ? room : room[..count])!;
    }

    /// <summary>All rows' features, one after the other.</summary>
    public ReadOnlySpan<double> AllFeatures => features.AsSpan(0, Rows * featureCount);

    /// <summary>All rows' verdicts.</summary>
    public Span<Verdict> AllVerdicts => verdicts.AsSpan(0, Rows);

    /// <summary>Called by the model actor, on its thread, when the rows are scored or could not be. It must not block.</summary>
    public abstract void Completed();

    /// <summary>Makes the request empty again.</summary>
    protected void Clear()
    {
        Rows = 0;
        Failure = null;
    }

    private void Grow()
    {
        var capacity = Math.Max(16, verdicts.Length * 2);
        Array.Resize(ref features, capacity * featureCount);
        Array.Resize(ref verdicts, capacity);
        Array.Resize(ref reasons, capacity * ModelBundle.MaxReasons);
    }
}
