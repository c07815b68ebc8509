using Scoring.Host.Http;
using Scoring.Host.Options;

namespace Scoring.Tests.Host;

public class NodeAddressTests
{
    [Theory]
    [InlineData("", "http://127.0.0.1:8080", "http://127.0.0.1:8080/")]
    [InlineData("", "http://[::]:8080", "http://machine:8080/")]
    [InlineData("", "http://0.0.0.0:8080", "http://machine:8080/")]
    [InlineData("", "https://*:8443", "https://machine:8443/")]
    [InlineData("", "http://node-1:80", "http://node-1/")]
    [InlineData("https://node.example:443/", "http://0.0.0.0:8080", "https://node.example/")]
    public void A_node_tells_an_address_that_other_nodes_can_use(string advertised, string listening, string told) =>
        Assert.Equal(told, NodeAddress.Of(new HttpOptions { AdvertisedUrl = advertised }, [listening], "machine")!.ToString());
}
