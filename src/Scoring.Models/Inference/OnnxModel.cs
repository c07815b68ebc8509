using Microsoft.ML.OnnxRuntime;

namespace Scoring.Models.Inference;

/// <summary>
/// A model that ONNX Runtime evaluates, in batches, on the calling thread, in buffers that it reuses. Owned
/// by exactly one thread at a time, so it needs no lock. Fill <see cref="Row"/> for each row of a batch,
/// then call <see cref="Run"/>.
/// </summary>
/// <remarks>
/// One binding per number of rows is made when that number first occurs and kept: a run through a binding
/// allocates no managed memory, where a run by names allocates 224 bytes. A binding costs about 12 µs once
/// and 5 KiB of native memory, and there are at most <see cref="MaxBatchRows"/>.
/// </remarks>
public sealed class OnnxModel : IDisposable
{
    /// <summary>The most rows of one run; larger batches are cut.</summary>
    public const int MaxBatchRows = 1_024;

    private readonly InferenceSession session;
    private readonly RunOptions runOptions = new();
    private readonly OrtIoBinding?[] bindings = new OrtIoBinding?[MaxBatchRows + 1];
    private readonly OnnxSignature signature;
    private readonly ScoreOutput output;
    private readonly float[] inputs;
    private readonly float[] scores;

    // What the model writes where that is more than the scores, or no float32; else empty.
    private readonly float[] columns;
    private readonly double[] doubles;
    private bool disposed;

    private OnnxModel(InferenceSession session, OnnxSignature signature, ScoreOutput output)
    {
        this.session = session;
        this.signature = signature;
        this.output = output;
        // Pinned for good, because the bindings hold their addresses.
        inputs = GC.AllocateArray<float>(MaxBatchRows * signature.InputCount, pinned: true);
        scores = GC.AllocateArray<float>(MaxBatchRows, pinned: true);
        columns = GC.AllocateArray<float>(output.IsPlain || output.IsDouble ? 0 : MaxBatchRows * output.Columns, pinned: true);
        doubles = GC.AllocateArray<double>(output.IsDouble ? MaxBatchRows * output.Columns : 0, pinned: true);
    }

    /// <summary>How many inputs a row has.</summary>
    public int InputCount => signature.InputCount;

    /// <summary>The inputs of a row of the next run, NaN where a value is missing. What the last run read is still there.</summary>
    /// <param name="row">Which row, from 0 to <see cref="MaxBatchRows"/> − 1.</param>
    public Span<float> Row(int row) => inputs.AsSpan(row * InputCount, InputCount);

    /// <summary>Scores the first rows. A row's score does not depend on the rows beside it.</summary>
    /// <param name="rows">How many, from 1 to <see cref="MaxBatchRows"/>.</param>
    /// <returns>What the model says of them, valid until the next run: any float32.</returns>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime failed.</exception>
    public ReadOnlySpan<float> Run(int rows)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        session.RunWithBinding(runOptions, bindings[rows] ?? Bind(rows));
        if (!output.IsPlain)
            TakeColumn(rows);
        return scores.AsSpan(0, rows);
    }

    /// <summary>Evaluates the model on rows of features, in as many runs as they need.</summary>
    /// <param name="features">The rows one after the other, <see cref="InputCount"/> values each, NaN where missing; each becomes the nearest float32.</param>
    /// <param name="results">Receives what the model says, one number a row; its length is the number of rows.</param>
    /// <exception cref="ArgumentException">The features are not that many rows.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime failed.</exception>
    public void Score(ReadOnlySpan<double> features, Span<float> results)
    {
        if (features.Length != results.Length * InputCount)
            throw new ArgumentException($"{features.Length} values are not {results.Length} rows of {InputCount} inputs", nameof(features));
        while (!results.IsEmpty)
        {
            var rows = Math.Min(results.Length, MaxBatchRows);
            ToSingle(features[..(rows * InputCount)], inputs);
            Run(rows).CopyTo(results);
            features = features[(rows * InputCount)..];
            results = results[rows..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        foreach (var binding in bindings)
            binding?.Dispose();
        runOptions.Dispose();
        session.Dispose();
    }

    /// <summary>Opens a model if it has the signature that is asked for.</summary>
    /// <param name="model">The ONNX file's bytes.</param>
    /// <param name="signature">What its input and output must be.</param>
    /// <param name="problems">Receives what is wrong, one text a problem.</param>
    /// <returns>The model; null if anything is wrong with it.</returns>
    internal static OnnxModel? Open(byte[] model, OnnxSignature signature, List<string> problems)
    {
        InferenceSession? session = null;
        try
        {
            session = Start(model);
            IReadOnlyList<string> classes = [];
            if (IsSequence(session, signature.Output) && ZipMap.Remove(model, signature.Output) is { } plain)
            {
                session.Dispose();
                session = Start(plain.Model);
                classes = plain.Classes;
            }

            var before = problems.Count;
            problems.AddRange(signature.InputProblems(session));
            var output = ScoreOutput.Find(session, signature, classes, canRun: problems.Count == before, problems);
            if (problems.Count == before && output is { } found)
                return new OnnxModel(session, signature, found);
        }
#pragma warning disable CA1031 // Whatever the runtime throws at somebody's file is a reason to refuse that file.
        catch (Exception e)
#pragma warning restore CA1031
        {
            problems.Add($"{BundleFiles.ModelName}: ONNX Runtime cannot load it ({e.Message})");
        }

        session?.Dispose();
        return null;
    }

    internal static void ToSingle(ReadOnlySpan<double> from, Span<float> to)
    {
        for (var i = 0; i < from.Length; i++)
            to[i] = (float)from[i];
    }

    private static InferenceSession Start(byte[] model)
    {
        using var options = SingleThreaded();
        return new InferenceSession(model, options);
    }

    private static bool IsSequence(InferenceSession session, string output) =>
        session.OutputMetadata.TryGetValue(output, out var metadata) && metadata.OnnxValueType == OnnxValueType.ONNX_TYPE_SEQUENCE;

    // The caller's thread does all the work: a pool would wake other threads for microseconds of it.
    private static SessionOptions SingleThreaded()
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return options;
    }

    private OrtIoBinding Bind(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        // The binding keeps the tensors; only their managed wrappers end here.
        using var input = OrtValue.CreateTensorValueFromMemory(inputs, [rows, InputCount]);
        using var results = output.IsDouble
            ? OrtValue.CreateTensorValueFromMemory(doubles, output.Shape(rows))
            : OrtValue.CreateTensorValueFromMemory(output.IsPlain ? scores : columns, output.Shape(rows));
        var binding = session.CreateIoBinding();
        binding.BindInput(signature.Input, input);
        binding.BindOutput(signature.Output, results);
        return bindings[rows] = binding;
    }

    private void TakeColumn(int rows)
    {
        for (var row = 0; row < rows; row++)
        {
            var place = (row * output.Columns) + output.Column;
            scores[row] = output.IsDouble ? (float)doubles[place] : columns[place];
        }
    }
}
