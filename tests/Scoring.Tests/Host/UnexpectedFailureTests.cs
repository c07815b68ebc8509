using System.CommandLine;
using Scoring.Host;

namespace Scoring.Tests.Host;

public class UnexpectedFailureTests
{
    [Fact]
    public void A_failure_and_its_causes_are_one_line()
    {
        var failure = new InvalidOperationException("the whole\nfailed", new ArgumentException("its part\r\nwas wrong", new FormatException("part")));
        Assert.Equal("InvalidOperationException: the whole failed; caused by ArgumentException: its part was wrong", UnexpectedFailure.OneLine(failure));
    }

    [Fact]
    public async Task What_a_command_throws_is_one_line_and_a_status()
    {
        var (status, said) = await RunAsync("fail");
        Assert.Equal(UnexpectedFailure.Status, status);
        Assert.StartsWith("An unexpected failure: OverflowException: too much (", said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Its_trace_is_told_at_debug_level()
    {
        var (status, said) = await RunAsync("fail", "--Logging:LogLevel:Default=Debug");
        Assert.Equal(UnexpectedFailure.Status, status);
        Assert.Contains($"   at {typeof(UnexpectedFailureTests).FullName}.", said, StringComparison.Ordinal);
    }

    private static async Task<(int Status, string Said)> RunAsync(params string[] args)
    {
        var fail = new Command("fail", "Throws") { TreatUnmatchedTokensAsErrors = false };
        fail.SetAction(_ => Fail());
        using var error = new StringWriter();
        return (await global::Scoring.Host.Program.RunAsync([fail], args, error), error.ToString());
    }

    private static int Fail() => throw new OverflowException("too much");
}
